-- key: id
select id, repeat('x', 8000) as filler from paced_rows where pg_sleep(0.1) is not null
