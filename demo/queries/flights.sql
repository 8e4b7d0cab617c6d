-- summary: Flights inside the United States, January to March 2001, and how late they were (loaded by the local host)
-- param: min_delay integer = -1000      -- minutes; below zero is early
-- param: origin text = null             -- an airport such as SFO
-- param: since timestamp = '2001-01-01'
-- key: id
-- access: anonymous
select id, departed_at, origin, destination, delay, distance
from flights
where delay >= @min_delay and departed_at >= @since and (@origin is null or origin = @origin)
