-- summary: The row of an owner, for the benchmark of live queries, whose changes concern nobody else
-- param: owner int
-- key: id
-- live where owner = @owner
select id, n from live_rows where owner = @owner
