-- summary: Numbers and their square roots, from 1 on: needs no table and no key, for trying things out
-- param: count integer = 1000        -- how many
-- key: n
-- max-rows: 1000000
-- access: anonymous
select n, sqrt(n) as root from generate_series(1, @count) as n
