-- summary: A million rows with a column of each common type, made when the local host starts for the first time
-- key: id
select * from large_table
