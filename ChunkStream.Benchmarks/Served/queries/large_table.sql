-- summary: The rows that every contestant reads
-- key: id
select * from large_table
