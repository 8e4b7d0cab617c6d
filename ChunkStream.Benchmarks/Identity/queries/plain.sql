-- summary: Rows of one owner, for whoever has a key
-- key: id
select id, owner, body from notes where owner = 'anna'
