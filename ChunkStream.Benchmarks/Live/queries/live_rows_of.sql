-- summary: The row of an owner, for the benchmark of live queries
-- param: owner int
-- key: id
-- live
select id, n from live_rows where owner = @owner
