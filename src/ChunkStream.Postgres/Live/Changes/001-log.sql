-- The change log of live queries: which values of which columns were in the rows that a transaction changed.
--
-- A watch is a table together with the columns whose values are logged. Triggers write one row for each statement:
-- its transaction, and an array of values for each column. A reader finds what is visible in a snapshot B and was not
-- in an earlier one, A: what was logged by the transactions that A doesn't show as finished. That can't miss a change,
-- in whichever order transactions begin, write and commit.
--
-- A log is a cache: it is unlogged, so that it costs a writer no WAL. After a crash, or on a standby that is promoted,
-- it is empty, and so are the sequences beside it. That ends its generation, and all readers begin anew. They have to
-- in any case: a transaction that was seen before, but was not yet on the disk, is gone, and its number may be given to
-- another one.
--
-- What writers have to know at once is in sequences, because these don't depend on snapshots. A writer in an old
-- "repeatable read" transaction would see an old row of a table, and might skip a log that is read.

create table chunkstream_live.version (version integer primary key);

create table chunkstream_live.watch (
    id integer generated always as identity primary key,
    relation regclass not null,
    columns text[] not null,
    -- The table's name and the types of the columns when the watch was made. A table that was given another name is not
    -- the one any more that a query means by the old one.
    types text not null,
    -- Changes are known without a gap only within a generation.
    generation bigint not null,
    -- The transaction that began the generation: positions are good only if they show it as finished.
    since xid8 not null,
    -- How many statements the triggers had skipped before.
    skipped bigint not null,
    -- What the table, its partitions and its triggers were.
    structure text not null,
    -- The greatest transaction of which something was removed from the log, and a snapshot that shows all those as
    -- finished.
    cut_xid xid8,
    cut_snapshot pg_snapshot,
    -- Since when the present slot is written to.
    slot_since timestamptz not null default clock_timestamp(),
    unique (relation, columns)
);

-- Watches are not counted from one: an instance that still follows a watch of a log that was removed, or replaced by
-- another version, must not take one of this log for it.
select pg_catalog.setval(pg_catalog.pg_get_serial_sequence('chunkstream_live.watch', 'id'),
    1000000 + pg_catalog.floor(pg_catalog.random() * 2000000000)::pg_catalog.int8);

-- Until when somebody listens to notices, and when the last one was sent, in milliseconds.
create unlogged sequence chunkstream_live.listening;
create unlogged sequence chunkstream_live.noticed;

-- The state of a log is one number, so that it is read and written as a whole: the generation, the time until which
-- the triggers write (in seconds), and the slot that they write to (0 to 2).
create function chunkstream_live.state(generation bigint, lease_seconds integer, slot bigint) returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
    select (generation << 36) | ((date_part('epoch', clock_timestamp())::bigint + lease_seconds) << 2) | slot
$$;

-- All that has to stay as it is, or the triggers might not see a change: the table and its name, its columns, policies
-- and partitions, their files (TRUNCATE and a rewriting ALTER TABLE make new ones), and the triggers with their
-- functions. The labels of enums count, too: a label that is renamed changes rows without a write to any table. And so
-- does the database: a copy of it (CREATE DATABASE ... TEMPLATE) has the same numbers, but not the same changes from
-- then on. And so does the start of the server: while it was stopped, an earlier state of its files may have been put
-- back, whose transactions from then on have the numbers of others. It is what the snapshot of the calling query
-- shows. Null if not all changes are seen: the triggers are not all in place, or something is not a permanent table, or
-- is replicated from another server, or belongs to a table that is not watched with it: a statement that writes to that
-- one fires only the triggers there.
create function chunkstream_live.structure(p_watch integer, p_relation oid) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tree oid[] := array[p_relation];
    v_text text;
    v_is_whole boolean;
begin
    if (select c.relhassubclass from pg_class c where c.oid = p_relation) then
        v_tree := chunkstream_live.tree(p_relation);
    end if;
    select string_agg(
            concat_ws(' ', c.oid, c.relnamespace, c.relname, c.relfilenode, c.relrowsecurity, c.relforcerowsecurity,
                x.versions,
                (select string_agg(concat_ws('.', p.oid, p.xmin), ',' order by p.oid)
                    from pg_policy p where p.polrelid = c.oid)), ';' order by c.oid),
        bool_and(c.relkind in ('r', 'p') and c.relpersistence = 'p'
            and x.enabled = case when c.relkind = 'p' then 3 when c.relispartition then 5 else 4 end)
        into v_text, v_is_whole
        from pg_class c, lateral (
            select string_agg(concat_ws('.', t.oid, t.xmin, p.oid, p.xmin), ',' order by t.oid) as versions,
                count(*) filter (where t.tgenabled = case op when 'apply' then 'R' else 'A' end) as enabled
            from pg_trigger t join pg_proc p on p.oid = t.tgfoid
            join unnest(array['insert', 'update', 'delete', 'move', 'apply']) op on p.proname = op || '_' || p_watch
            where t.tgrelid = c.oid and p.pronamespace = 'chunkstream_live'::regnamespace
                and t.tgname = concat(case op when 'move' then '~' end, 'chunkstream_live_', p_watch, '_', op)) x
        where c.oid = any (v_tree);
    if v_is_whole is distinct from true
        or exists (select from pg_subscription_rel s where s.srrelid = any (v_tree))
        or exists (
            select from pg_inherits i where i.inhrelid = any (v_tree) and i.inhparent <> all (v_tree)) then
        return null;
    end if;
    if cardinality(v_tree) > 1 then
        v_text := v_text || (select string_agg(concat_ws('.', i.inhrelid, i.inhparent, i.inhdetachpending, i.xmin), ','
            order by i.inhrelid, i.inhparent) from pg_inherits i where i.inhparent = any (v_tree));
    end if;
    return md5(v_text || (select d.oid from pg_database d where d.datname = current_database())
        || ' ' || (date_part('epoch', pg_postmaster_start_time()) * 1000000)::bigint
        || (select string_agg(concat_ws('.', a.attnum, a.xmin,
                case when a.atttypid >= 16384 then chunkstream_live.labels(a.atttypid) end), ',' order by a.attnum)
            from pg_attribute a where a.attrelid = p_relation and a.attnum > 0));
end $$;

-- The labels of an enum, also of one in an array or under a domain; null for other types.
create function chunkstream_live.labels(p_type oid) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(e.enumlabel, ',' order by e.enumsortorder)
    from pg_type t join pg_enum e on e.enumtypid in (t.oid, t.typelem, t.typbasetype) where t.oid = p_type
$$;

-- A table with all its partitions, or with all tables that inherit from it, as the snapshot of the calling query shows.
create function chunkstream_live.tree(p_relation oid) returns oid[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive tree (relation) as (
        select p_relation union select i.inhrelid from pg_inherits i join tree t on i.inhparent = t.relation)
    select array_agg(relation order by relation) from tree
$$;

-- Whether a transaction may still run that wrote to the table before the generation began, and so may not have found a
-- trigger, or may have found one that wrote nothing. A transaction that certainly has not written yet is not such a
-- one: it runs, and has no lock on the table that a writer has. While a transaction is prepared its locks move one
-- after another, so one that is prepared counts in any case.
create function chunkstream_live.has_earlier_writers(p_relation oid, p_since xid8) returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with earlier (xid) as materialized (
        select (x::text::numeric % 4294967296)::text from pg_snapshot_xip(pg_current_snapshot()) x where x < p_since
    ), locks as materialized (
        select * from pg_locks l where l.granted and exists (select from earlier)
    )
    select exists (
        select from earlier e where not exists (
            select from locks l
            where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.transactionid::text = e.xid
                and l.virtualtransaction not like '-1/%'
                and not exists (
                    select from locks r
                    where r.locktype = 'relation' and r.mode = 'RowExclusiveLock'
                        and r.database = (select d.oid from pg_database d where d.datname = current_database())
                        and r.relation = any (chunkstream_live.tree(p_relation))
                        and r.virtualtransaction in (l.virtualtransaction, '-1/' || e.xid))))
$$;

-- What the logs say in the snapshot of the calling transaction, which has to be "repeatable read". A transaction that
-- asks what has changed after a position has to lock the logs first, before it has a snapshot:
--     lock table chunkstream_live.log_1 in access share mode
-- because a slot that was emptied meanwhile would look as if it had always been empty.
-- after: the position, or null at a start that asks whether its own snapshot is a good position.
-- problem is null, or
--   standby: no snapshot of a standby tells which transactions are running.
--   gone: there is no such watch.
--   lapsed: the triggers have written nothing for a time, or the server has crashed, or the position is older than the
--     generation, or later than now, because the server was set back to an earlier state.
--   structure: the table was truncated, or it, its partitions, policies or triggers were altered.
--   starting: a transaction still runs that may have written before the triggers were there. A later snapshot is good.
--   cut: what changed after the position is not in the log any more.
--   many: one statement changed more rows, or larger values, than are logged one by one.
create function chunkstream_live.look(watches integer[], after pg_snapshot)
returns table (watch integer, generation bigint, problem text, has_changes boolean)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    w chunkstream_live.watch;
    v_changes integer;
begin
    foreach watch in array watches loop
        generation := 0;
        problem := null;
        has_changes := false;
        if pg_is_in_recovery() then
            problem := 'standby';
            return next;
            continue;
        end if;
        select * into w from chunkstream_live.watch x where x.id = look.watch;
        if w.id is null then
            problem := 'gone';
            return next;
            continue;
        end if;
        generation := w.generation;
        if chunkstream_live.has_gap(w) then
            problem := 'lapsed';
        elsif chunkstream_live.structure(w.id, w.relation) is distinct from w.structure then
            problem := 'structure';
        elsif after is null then
            if chunkstream_live.has_earlier_writers(w.relation, w.since) then
                problem := 'starting';
            end if;
        elsif not pg_visible_in_snapshot(w.since, after)
            or pg_snapshot_xmax(after) > pg_snapshot_xmax(pg_current_snapshot()) then
            problem := 'lapsed';
        elsif pg_snapshot_xmax(after) <= w.cut_xid or exists (
            select from pg_snapshot_xip(after) x
            where x <= w.cut_xid and pg_visible_in_snapshot(x, w.cut_snapshot)) then
            problem := 'cut';
        else
            execute format('select chunkstream_live.changes_%s($1)', w.id) into v_changes using after;
            has_changes := v_changes > 0;
            if v_changes > 1 then
                problem := 'many';
            end if;
        end if;
        return next;
    end loop;
end $$;

-- Whether the triggers may have skipped a statement since the generation began. No clock decides that, because the
-- triggers count what they skip.
create function chunkstream_live.has_gap(w chunkstream_live.watch) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        pg_sequence_last_value(to_regclass('chunkstream_live.state_' || w.id)) >> 36 <> w.generation
            or coalesce(pg_sequence_last_value(to_regclass('chunkstream_live.skipped_' || w.id)), 0) <> w.skipped,
        true);
end $$;

-- Notices are sent for so many seconds. None are sent where transactions can be prepared, because Postgres refuses to
-- prepare one that has sent a notice.
create function chunkstream_live.listen(seconds integer) returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('max_prepared_transactions')::integer > 0 then
        return false;
    end if;
    perform setval('chunkstream_live.listening',
        (date_part('epoch', clock_timestamp()) * 1000)::bigint + seconds * 1000);
    return true;
end $$;

-- Takes away all triggers, and this schema. A long query or transaction on a table holds it up: it gives up after
-- 2 seconds, or the caller's own lock_timeout, and can be called again. Writers wait behind it for 200 ms at a time. A
-- writer that holds one table and waits for another would be a deadlock in the end, and Postgres might end the writer:
-- but it looks for deadlocks only after a longer time (deadlock_timeout, 1 second), and all locks are let go before.
-- Their order is that in which others take them: a writer locks its table before the log, a step the log before its
-- tables, and a start the watches.
create function chunkstream_live.remove() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_limit text := current_setting('lock_timeout');
    v_end timestamptz := clock_timestamp() + case v_limit when '0' then '2s' else v_limit end::interval;
    v_until timestamptz;
    v_lock text;
begin
    perform set_config('lock_timeout', '200ms', true);
    loop
        v_until := least(v_end, clock_timestamp() + interval '200ms');
        begin
            perform pg_advisory_xact_lock(1667788140, 0);
            for v_lock in
                select format('lock table ' || x.what || ' exclusive mode', w.relation, w.id)
                from chunkstream_live.watch w join pg_class c on c.oid = w.relation, (values
                    (1, '%1$s in share row'), (2, 'chunkstream_live.log_%2$s in access'),
                    (3, 'chunkstream_live.watch in access'), (4, '%1$s in access')) x (turn, what)
                order by x.turn, w.id
            loop
                perform set_config('lock_timeout',
                    greatest(1, (date_part('epoch', v_until - clock_timestamp()) * 1000)::integer) || 'ms', true);
                execute v_lock;
            end loop;
            exit;
        exception when lock_not_available then
            if clock_timestamp() >= v_end then
                raise;
            end if;
        end;
        perform pg_sleep(0.05);
    end loop;
    drop schema chunkstream_live cascade;
    perform set_config('lock_timeout', v_limit, true);
end $$;

-- Lets a role that is not the owner of this schema read and keep the logs, also those to come.
create function chunkstream_live.allow(p_role regrole) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    execute format('grant usage on schema chunkstream_live to %s', p_role);
    execute format('grant select on all tables in schema chunkstream_live to %s', p_role);
    execute format('alter default privileges in schema chunkstream_live grant select on tables to %s', p_role);
    -- Where it was taken from everybody by default.
    execute format('grant execute on all functions in schema chunkstream_live to %s', p_role);
    execute format('alter default privileges in schema chunkstream_live grant execute on functions to %s', p_role);
end $$;
