-- summary: Numbers and their square roots, from 1 on
-- param: count integer = 1000        -- how many
-- key: n
-- key-check: each-row                -- numbers that are counted have no index
select n, sqrt(n) as root from generate_series(1, @count) as n
