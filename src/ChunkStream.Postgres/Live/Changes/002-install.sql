-- Installing a watch: the log of a table, and the triggers that write to it.

-- Why a table can't be watched; null if it can.
create function chunkstream_live.refusal(p_relation oid, p_columns text[]) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
    c pg_class;
    v_name text := p_relation::regclass::text;
    v_column text;
    v_tree oid[] := chunkstream_live.tree(p_relation);
    v_parent regclass;
begin
    if pg_is_in_recovery() then
        return 'The server is a standby: live queries need the primary.';
    end if;
    for c in select * from pg_class x where x.oid = any (v_tree) loop
        if c.oid <> p_relation then
            v_name := format('%s, a part of %s,', c.oid::regclass, p_relation::regclass);
        end if;
        if c.relnamespace = 'pg_catalog'::regnamespace or c.relnamespace = 'chunkstream_live'::regnamespace then
            return format('%s is a table of the system.', v_name);
        elsif c.relkind not in ('r', 'p') then
            return format('%s is %s: only tables have triggers that see all changes.', v_name, case c.relkind
                when 'v' then 'a view' when 'm' then 'a materialized view' when 'f' then 'a foreign table'
                else 'no table' end);
        elsif c.relpersistence = 't' then
            return format('%s is a temporary table: no other session sees it.', v_name);
        elsif c.relpersistence = 'u' then
            return format('%s is unlogged: a crash empties it, and no trigger sees that.', v_name);
        elsif exists (select from pg_subscription_rel s where s.srrelid = c.oid) then
            return format('%s is replicated from another server: its changes fire no statement-level triggers.',
                v_name);
        end if;
        select i.inhparent into v_parent from pg_inherits i
            where i.inhrelid = c.oid and i.inhparent <> all (v_tree) order by i.inhparent limit 1;
        if found then
            return format('%1$s is a partition of %2$s, or inherits from it: a statement that writes to %2$s fires '
                'only the triggers there. Have the query follow %2$s.', v_name, v_parent);
        end if;
    end loop;
    select k.name into v_column from unnest(p_columns) k (name) where not exists (
        select from pg_attribute a where a.attrelid = p_relation and a.attname = k.name and a.attnum > 0
            and not a.attisdropped and a.attgenerated <> 'v');
    if found or coalesce(cardinality(p_columns), 0) = 0 then
        return format('%s has no column "%s" that is stored.', p_relation::regclass, v_column);
    end if;
    return null;
end $$;

-- A type, or what is beneath it if it is a domain.
create function chunkstream_live.base_type(p_type oid) returns oid
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    with recursive base (oid, beneath) as (
        select t.oid, t.typbasetype from pg_type t where t.oid = p_type
        union all select t.oid, t.typbasetype from base b join pg_type t on t.oid = b.beneath)
    select b.oid from base b where b.beneath = 0
$$;

-- The types of columns, and what they are in the log, where a column is an array of the values of several rows. Where
-- the values are arrays or composite themselves, unnest() would take them apart, too, so each of these is wrapped in a
-- type with one column. Of a domain the log has the type beneath: Postgres alters no domain of which there are arrays
-- in a table.
create function chunkstream_live.columns(p_relation oid, p_columns text[])
returns table (n bigint, name text, type text, is_wrapped boolean, is_fixed boolean)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select k.n, k.name, format_type(t.oid, -1),
        t.typcategory in ('A', 'C') or t.typarray = 0, t.typlen > 0
    from unnest(p_columns) with ordinality k (name, n)
    join pg_attribute a on a.attrelid = p_relation and a.attname = k.name and not a.attisdropped
    join pg_type t on t.oid = chunkstream_live.base_type(a.atttypid)
$$;

-- The name of a table; null if it is not there.
create function chunkstream_live.name(p_relation oid) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format('%I.%I', n.nspname, c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = p_relation
$$;

-- What a watch is for: the table's name, and the names and types of the columns.
create function chunkstream_live.types(p_relation oid, p_columns text[]) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select chunkstream_live.name(p_relation) || ': '
        || string_agg(concat_ws(' ', a.attname, a.atttypid), ', ' order by k.n)
    from unnest(p_columns) with ordinality k (name, n)
    join pg_attribute a on a.attrelid = p_relation and a.attname = k.name and not a.attisdropped
$$;

-- The watch of these columns; null if there is none whose triggers are all in place.
create function chunkstream_live.find(p_relation oid, p_columns text[]) returns integer
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select w.id from chunkstream_live.watch w
    where w.relation = p_relation and w.columns = p_columns
        and w.types = chunkstream_live.types(p_relation, p_columns)
        and chunkstream_live.structure(w.id, w.relation) is not null
$$;

-- Sees to it that the triggers of a watch are in place, and gives its number; null if the table is not there any more.
-- For the owner of the table. Creating a trigger waits for those who write to the table, and others wait behind it: the
-- caller sets lock_timeout.
create function chunkstream_live.install(p_relation oid, p_columns text[], p_lease_seconds integer) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id integer := chunkstream_live.find(p_relation, p_columns);
    v_refusal text := chunkstream_live.refusal(p_relation, p_columns);
    v_generation bigint;
    w chunkstream_live.watch;
begin
    if chunkstream_live.name(p_relation) is null then
        return null;
    elsif v_refusal is not null then
        raise exception '%', v_refusal using errcode = 'wrong_object_type';
    elsif current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'A watch is installed in a "read committed" transaction.';
    elsif v_id is not null then
        return v_id;
    end if;
    perform pg_advisory_xact_lock(1667788140, 0);
    v_id := chunkstream_live.find(p_relation, p_columns);
    if v_id is not null then
        return v_id;
    end if;

    -- Watches that are no longer good go: of this table if it has another name or column of another type now, and of
    -- tables that were dropped.
    perform chunkstream_live.unwatch(x.id) from chunkstream_live.watch x
        where chunkstream_live.types(x.relation, x.columns) is distinct from x.types
            and (x.relation = p_relation or not exists (select from pg_class c where c.oid = x.relation));
    select * into w from chunkstream_live.watch x where x.relation = p_relation and x.columns = p_columns;
    if 5 = (select count(*) from pg_proc p where p.pronamespace = 'chunkstream_live'::regnamespace
            and p.proname in ('insert_' || w.id, 'update_' || w.id, 'delete_' || w.id, 'move_' || w.id,
                'apply_' || w.id)) then
        -- Only triggers are missing, or disabled. The next renewal begins a generation.
        perform chunkstream_live.create_triggers(w.id, p_relation);
        return w.id;
    elsif w.id is not null then
        perform chunkstream_live.unwatch(w.id);
    end if;

    -- Generations are not counted from one, so that those of a log that was removed are not mistaken for this one's.
    v_generation := floor(random() * 67108864)::bigint + 1;
    insert into chunkstream_live.watch (relation, columns, types, generation, since, skipped, structure)
        values (p_relation, p_columns, chunkstream_live.types(p_relation, p_columns), v_generation,
            pg_current_xact_id(), 0, '')
        returning id into v_id;
    perform chunkstream_live.create_log(v_id, p_relation, p_columns);
    perform setval(format('chunkstream_live.state_%s', v_id),
        chunkstream_live.state(v_generation, p_lease_seconds, 0));
    perform chunkstream_live.create_triggers(v_id, p_relation);
    update chunkstream_live.watch x set structure = chunkstream_live.structure(v_id, p_relation) where x.id = v_id;
    return v_id;
end $$;

-- Takes the log and the triggers of a watch away.
create function chunkstream_live.unwatch(p_watch integer) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text;
begin
    foreach v_name in array array['insert', 'update', 'delete', 'move', 'apply', 'changes'] loop
        execute format('drop routine if exists chunkstream_live.%s_%s cascade', v_name, p_watch);
    end loop;
    execute format('drop view if exists chunkstream_live.log_%s', p_watch);
    for v_name in select c.oid::regclass::text from pg_class c
        where c.relnamespace = 'chunkstream_live'::regnamespace and c.relkind = 'r'
            and c.relname ~ format('^log_%s_[0-2]$', p_watch) loop
        execute 'drop table ' || v_name;
    end loop;
    for v_name in select t.oid::regtype::text from pg_type t
        where t.typnamespace = 'chunkstream_live'::regnamespace and t.typtype = 'c'
            and t.typname ~ format('^item_%s_[0-9]+$', p_watch) loop
        execute 'drop type ' || v_name;
    end loop;
    execute format('drop sequence if exists chunkstream_live.state_%1$s, chunkstream_live.skipped_%1$s', p_watch);
    delete from chunkstream_live.watch w where w.id = p_watch;
end $$;

-- The tables of a log, the view over them, the sequences, and the functions that write and read.
create function chunkstream_live.create_log(p_watch integer, p_relation oid, p_columns text[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    c record;
    v_types text[] := '{}';
    v_slot integer;
begin
    for c in select * from chunkstream_live.columns(p_relation, p_columns) x order by x.n loop
        if c.is_wrapped then
            execute format('create type chunkstream_live.item_%s_%s as (v %s)', p_watch, c.n, c.type);
        end if;
        v_types := v_types || case when c.is_wrapped then format('chunkstream_live.item_%s_%s[]', p_watch, c.n)
            else c.type || '[]' end;
    end loop;

    execute format('create unlogged sequence chunkstream_live.state_%s', p_watch);
    execute format('create unlogged sequence chunkstream_live.skipped_%s', p_watch);
    for v_slot in 0..2 loop
        -- Nothing is ever updated or deleted here, and TRUNCATE leaves nothing to vacuum.
        execute format('create unlogged table chunkstream_live.log_%s_%s (xid xid8 not null, %s)
            with (autovacuum_enabled = off, toast.autovacuum_enabled = off)',
            p_watch, v_slot,
            (select string_agg(format('c%s %s', t.n, t.type), ', ' order by t.n)
                from unnest(v_types) with ordinality t (type, n)));
        execute format('alter table chunkstream_live.log_%s_%s %s', p_watch, v_slot,
            (select string_agg(format('alter column c%s set storage external', n), ', ')
                from generate_series(1, cardinality(v_types)) n));
        execute format('create index on chunkstream_live.log_%s_%s (xid)', p_watch, v_slot);
    end loop;
    execute format('create view chunkstream_live.log_%s as %s', p_watch,
        (select string_agg(format('select l.xid, %3$s from chunkstream_live.log_%1$s_%2$s l, unnest(%4$s) u (%5$s)',
                p_watch, s,
                (select string_agg('u.c' || n, ', ' order by n) from generate_series(1, cardinality(v_types)) n),
                (select string_agg('l.c' || n, ', ' order by n) from generate_series(1, cardinality(v_types)) n),
                (select string_agg('c' || n, ', ' order by n) from generate_series(1, cardinality(v_types)) n)),
            ' union all ') from generate_series(0, 2) s));
    execute chunkstream_live.reading_function(p_watch);
    execute chunkstream_live.writing_function(p_watch, 'insert', p_relation, p_columns, v_types);
    execute chunkstream_live.writing_function(p_watch, 'update', p_relation, p_columns, v_types);
    execute chunkstream_live.writing_function(p_watch, 'delete', p_relation, p_columns, v_types);
    execute chunkstream_live.writing_function(p_watch, 'move', p_relation, p_columns, v_types);
    execute format($sql$
        create function chunkstream_live.apply_%1$s() returns trigger
        language plpgsql security definer
        set search_path = pg_catalog, pg_temp
        as $body$
        begin
            perform nextval('chunkstream_live.skipped_%1$s'::regclass);
            return null;
        end $body$
        $sql$, p_watch);
end $$;

-- A function that tells whether something was logged after a position: 0 nothing, 1 values, 2 too many of them.
create function chunkstream_live.reading_function(p_watch integer) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select format($sql$
        create function chunkstream_live.changes_%1$s(after pg_snapshot) returns integer
        language plpgsql stable
        set search_path = pg_catalog, pg_temp
        as $body$
        declare
            v_xmax xid8 := pg_snapshot_xmax(after);
            v_xip xid8[] := array(select pg_snapshot_xip(after));
        begin
            return coalesce((select max(x.found) from (%2$s) x), 0);
        end $body$
        $sql$,
        p_watch,
        string_agg(format('select case when l.c1 is null then 2 else 1 end as found from chunkstream_live.log_%s_%s l '
            'where l.xid >= v_xmax or l.xid = any (v_xip)', p_watch, s), ' union all '))
    from generate_series(0, 2) s
$$;
