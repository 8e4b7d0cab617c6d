-- summary: A few rows that need no table
-- key: n
-- key-check: each-row
select n, 'row ' || n as name from generate_series(1, 10) n
