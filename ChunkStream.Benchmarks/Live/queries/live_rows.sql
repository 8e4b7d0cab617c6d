-- summary: Rows that a writer changes, for the benchmark of live queries
-- key: id
-- live
select id, n from live_rows
