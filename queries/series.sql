-- summary: Numbers and their square roots, from 1 on: needs no table and no key, for trying things out
-- param: count integer = 1000        -- how many
-- key: n
-- key-check: each-row             -- numbers that are counted have no index
-- max-rows: 1000000
-- access: anonymous
-- One row more than max-rows, so that a larger count is refused and not cut off in silence.
select n, sqrt(n) as root from generate_series(1, least(@count, 1000001)) as n
