-- The triggers of a watch, which write to its log.

-- A statement that writes to a partition by its own name fires only the partition's triggers, and one that writes to
-- the parent fires only the parent's. So each has its own, and a change is logged by exactly one. They are "always"
-- enabled: a session that applies what was replicated (session_replication_role = replica) fires no others.
-- A MERGE that updates rows so that they move to other partitions tells its triggers of statements nothing of these
-- rows. So a partition has a trigger for each row that moves, too. Its name makes it the last one, so that it sees what
-- others have made of the row.
-- Logical replication writes rows without a statement, which fires only triggers for each row. So a table has one of
-- these, too. It does not log the rows but counts them as skipped, so that readers begin anew: a table that a
-- subscription fills can't be watched anyway, but the subscription may be gone when somebody looks. The trigger is
-- enabled only for sessions that apply what was replicated (session_replication_role = replica): others don't pay for
-- it. Where such a session runs a statement (current_query() is not null), the triggers above log it.
create function chunkstream_live.create_triggers(p_watch integer, p_relation oid) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_relation regclass;
    v_op text;
    v_rows text;
    v_tree oid[] := chunkstream_live.tree(p_relation);
    v_has_moved text := chunkstream_live.has_moved(v_tree);
begin
    foreach v_relation in array v_tree::regclass[] loop
        for v_op, v_rows in values ('insert', 'new table as new_rows'), ('delete', 'old table as old_rows'),
            ('update', 'new table as new_rows old table as old_rows') loop
            execute format(
                'create or replace trigger chunkstream_live_%1$s_%2$s after %2$s on %3$s referencing %4$s '
                'for each statement execute function chunkstream_live.%2$s_%1$s()',
                p_watch, v_op, v_relation, v_rows);
            execute format('alter table %s enable always trigger chunkstream_live_%s_%s', v_relation, p_watch, v_op);
        end loop;
        if exists (select from pg_class c where c.oid = v_relation and c.relispartition and c.relkind = 'r') then
            execute format(
                'create or replace trigger "~chunkstream_live_%1$s_move" before update on %2$s '
                'for each row when (%3$s) execute function chunkstream_live.move_%1$s()',
                p_watch, v_relation, v_has_moved);
            execute format('alter table %s enable always trigger "~chunkstream_live_%s_move"', v_relation, p_watch);
        end if;
        if exists (select from pg_class c where c.oid = v_relation and c.relkind = 'r') then
            execute format(
                'create or replace trigger chunkstream_live_%1$s_apply after insert or update or delete on %2$s '
                'for each row when (current_query() is null) execute function chunkstream_live.apply_%1$s()',
                p_watch, v_relation);
            execute format('alter table %s enable replica trigger chunkstream_live_%s_apply', v_relation, p_watch);
        end if;
    end loop;
end $$;

-- A condition on the old and the new row that is true if the row may move to another partition: a column differs on
-- which the choice of a partition depends, on any level. What expressions read depends on its table by itself.
create function chunkstream_live.has_moved(p_tree oid[]) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
    select string_agg(distinct
        format('not record_image_eq(row(old.%1$I), row(new.%1$I))', a.attname), ' or ')
    from pg_partitioned_table p
    join pg_attribute a on a.attrelid = p.partrelid and a.attnum > 0 and not a.attisdropped
    where p.partrelid = any (p_tree) and (a.attnum = any (p.partattrs::int2[]) or exists (
        select from pg_depend d
        where d.classid = 'pg_class'::regclass and d.objid = p.partrelid and d.objsubid = a.attnum
            and d.refclassid = d.classid and d.refobjid = d.objid and d.refobjsubid = 0 and d.deptype = 'i'))
$$;

-- A trigger's function. It runs as the owner of the log. It must never make a writer's statement fail: where it can't
-- read the columns, because somebody has altered the table, it counts the statement as skipped. So it names no type: it
-- would be compiled no more once a type has another name, or is gone. Its variables are rows of the log.
create function chunkstream_live.writing_function(
    p_watch integer, p_op text, p_relation oid, p_columns text[], p_types text[]) returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $f$
declare
    -- More rows of one statement are not logged one by one, nor values that take more bytes.
    v_most_rows constant integer := 10000;
    v_most_bytes constant integer := 1000;
    v_new text;
    v_old text;
    v_both text;
    v_large text;
    v_large_one text;
    v_is_generated boolean;
    v_read text;
    v_values text := (select string_agg('v.c' || n, ', ' order by n) from generate_subscripts(p_types, 1) n);
    v_nothing text := (select string_agg(format('v.c%s := null;', n), ' ') from generate_subscripts(p_types, 1) n);
    v_join text := '';
begin
    -- The arrays of all columns have the rows in the same order, and so have those of the old and of the new rows.
    select string_agg(format('array(select %s from new_rows r limit %s)', x.value, v_most_rows + 1), ', ' order by x.n),
        string_agg(format('array[%s, %s]',
            regexp_replace(x.value, 'r[.]', 'old.'), regexp_replace(x.value, 'r[.]', 'new.')), ', ' order by x.n),
        'exists (select from new_rows r where ' || string_agg(
            format('pg_column_size(r.%I) > %s', x.name, v_most_bytes), ' or ') filter (where not x.is_fixed) || ')',
        string_agg(format('pg_column_size(old.%1$I) > %2$s or pg_column_size(new.%1$I) > %2$s', x.name, v_most_bytes),
            ' or ') filter (where not x.is_fixed),
        bool_or(x.is_generated)
        into v_new, v_both, v_large, v_large_one, v_is_generated
        from (
            select c.*,
                case when c.is_wrapped then format('row(r.%I)::chunkstream_live.item_%s_%s', c.name, p_watch, c.n)
                    else format('r.%I', c.name) end as value,
                exists (select from pg_attribute a where a.attrelid = p_relation and a.attname = c.name
                    and a.attgenerated <> '') as is_generated
            from chunkstream_live.columns(p_relation, p_columns) c) x;
    v_old := replace(v_new, ' from new_rows r ', ' from old_rows r ');
    if p_op = 'update' then
        v_read := format('select null::xid8, %s into v; select null::xid8, %s into o;', v_new, v_old);
        v_large := v_large || ' or ' || replace(v_large, ' from new_rows r ', ' from old_rows r ');
        -- Where no value has changed, the old ones are the new ones.
        v_join := 'elsif not record_image_eq(v, o) then '
            || (select string_agg(format('v.c%1$s := v.c%1$s || o.c%1$s;', n), ' ')
                from generate_subscripts(p_types, 1) n);
    elsif p_op = 'delete' then
        v_read := format('select null::xid8, %s into v;', v_old);
        v_large := replace(v_large, ' from new_rows r ', ' from old_rows r ');
    elsif p_op = 'move' then
        -- What is generated is not known yet.
        v_read := case when v_is_generated then '' else format('select null::xid8, %s into v;', v_both) end;
        v_large := v_large_one;
    else
        v_read := format('select null::xid8, %s into v;', v_new);
    end if;
    if v_large is not null then
        v_read := format('if not (%s) then %s end if;', v_large, v_read);
    end if;

    return format($sql$
create function chunkstream_live.%2$s_%1$s() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
    v_state bigint := pg_sequence_last_value('chunkstream_live.state_%1$s'::regclass);
    v_now bigint := (date_part('epoch', clock_timestamp()) * 1000)::bigint;
    v chunkstream_live.log_%1$s_0;
    o chunkstream_live.log_%1$s_0;
begin
    if v_state is null or ((v_state & 68719476735) >> 2) * 1000 < v_now then
        perform nextval('chunkstream_live.skipped_%1$s'::regclass);
        return %8$s;
    end if;
    begin
        %4$s
        if cardinality(v.c1) = 0 then
            return %8$s;
        elsif cardinality(v.c1) > %5$s then
            %6$s
        %7$s
        end if;
    exception when others then
        perform nextval('chunkstream_live.skipped_%1$s'::regclass);
        return %8$s;
    end;
    case v_state & 3
        when 0 then insert into chunkstream_live.log_%1$s_0 values (pg_current_xact_id(), %3$s);
        when 1 then insert into chunkstream_live.log_%1$s_1 values (pg_current_xact_id(), %3$s);
        else insert into chunkstream_live.log_%1$s_2 values (pg_current_xact_id(), %3$s);
    end case;
    if pg_sequence_last_value('chunkstream_live.listening'::regclass) > v_now
        and v_now - coalesce(pg_sequence_last_value('chunkstream_live.noticed'::regclass), 0) not between 0 and 5 then
        perform setval('chunkstream_live.noticed'::regclass, v_now);
        perform pg_notify('chunkstream_live', '');
    end if;
    return %8$s;
end $body$
        $sql$,
        p_watch, p_op, v_values, v_read, v_most_rows, v_nothing, v_join,
        case p_op when 'move' then 'new' else 'null' end);
end $f$;
