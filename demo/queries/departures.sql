-- summary: A departure board that changes while somebody follows it (written by the local host)
-- param: min_delay integer = 0          -- minutes
-- key: id
-- live
-- access: anonymous
select id, flight, destination, gate, delay, status, scheduled
from departures
where delay >= @min_delay
