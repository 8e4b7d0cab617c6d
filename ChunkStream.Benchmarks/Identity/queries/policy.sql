-- summary: The same for a user, by a role and a policy of the database
-- access: user
-- role: bench_reader
-- key: id
select id, owner, body from notes
