-- summary: The same for a user, without a role and policies of the database
-- access: user
-- param: owner text = claim(sub)
-- key: id
select id, owner, body from notes where owner = @owner
