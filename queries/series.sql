-- summary: Numbers and their square roots, from 1 on: needs no table and no key, for trying things out
-- param: count integer = 1000        -- how many
-- key: n
-- key-check: each-row             -- numbers that are counted have no index
-- max-rows: 1000000
-- access: anonymous
select n, sqrt(n) as root from generate_series(1, least(@count, 1000001)) as n   -- one more than max-rows: too many are refused, not cut off
