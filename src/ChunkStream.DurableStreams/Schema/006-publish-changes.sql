-- Publishing the changes of a table, in the form of the protocol's state extension: one message for each row that was
-- inserted, updated or deleted, appended in the transaction that changed the row.
--
-- Each published table has a trigger function of its own, which belongs to the table's owner and runs with the owner's
-- rights. So those who write to the table need no further rights. And what turns a row into JSON, which may be casts
-- that the owner has made, runs only as the owner.

-- The number that orders the messages of a statement. It is taken before the statement, because the triggers of a
-- statement may change the table, too: their changes come later than the statement's own, but are published earlier.
create function change_turn() returns bigint
language sql security definer
set search_path = chunkstream, pg_temp
begin atomic
    select nextval('chunkstream.outbox_turns');
end;

-- Puts the messages of one turn into the outbox.
create function publish(stream text, turn bigint, parts bigint[], messages json[]) returns void
language plpgsql security definer
set search_path = chunkstream, pg_temp
set enable_seqscan = off
as $$
declare
    s streams;
    v_stream text := stream;
    v_now timestamptz := clock_timestamp();
begin
    select * into s from streams x where x.path = v_stream;
    if s.id is null or s.closed or s.is_recording or not s.is_json
        or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now)
        or current_setting('session_replication_role') = 'replica' then
        perform outbox_refuse(s, coalesce(v_stream, 'null'), true);
    end if;
    insert into outbox (txid, stream_id, turn, part, is_first, data)
    select t.txid, s.id, publish.turn, m.part,
        m.n = 1 and not exists (select from outbox o where o.txid = t.txid and o.is_first),
        convert_to(m.message::text, 'UTF8')
    from pg_current_xact_id() t (txid), unnest(parts, messages) with ordinality m (part, message, n);
end $$;

-- The same for all parts and messages that a cursor gives. It takes one row after another, and publishes batches of
-- about a mebibyte: an array of everything can't exceed a gigabyte, and sorting or fetching many rows at once would
-- hold them in memory.
create function publish_all(stream text, turn bigint, changes refcursor) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_part bigint;
    v_message json;
    v_parts bigint[] := '{}';
    v_messages json[] := '{}';
    v_bytes bigint := 0;
begin
    loop
        fetch changes into v_part, v_message;
        exit when not found;
        v_parts := v_parts || v_part;
        v_messages := v_messages || v_message;
        v_bytes := v_bytes + octet_length(v_message::text);
        continue when v_bytes < 1048576;
        perform chunkstream.publish(stream, turn, v_parts, v_messages);
        v_parts := '{}';
        v_messages := '{}';
        v_bytes := 0;
    end loop;
    close changes;
    if v_bytes > 0 then
        perform chunkstream.publish(stream, turn, v_parts, v_messages);
    end if;
end $$;

-- How many bytes a message may have.
create function message_limit() returns bigint
language sql stable security definer
set search_path = chunkstream, pg_temp
begin atomic
    select l.max_message_bytes from limits l;
end;

-- The JSON of a row that may be large. Null if it has more bytes than p_limit, or more than Postgres itself can hold,
-- because an error would undo the statement that changed the row.
create function row_text(p_row record, p_limit bigint) returns text
language plpgsql stable
as $$
declare
    v_text text;
begin
    v_text := row_to_json(p_row);
    return case when octet_length(v_text) <= p_limit then v_text end;
-- Postgres has several error codes for what is too large for it.
exception when program_limit_exceeded or out_of_memory or internal_error then
    return null;
end $$;

-- The columns of the key: the given ones, or those of the primary key. It is an error if they don't tell rows apart.
create function change_key(p_table regclass, p_key text[]) returns text[]
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key text[] := p_key;
    v_missing text;
begin
    if v_key is null then
        select array_agg(a.attname::text order by k.n) into v_key
            from pg_index i, unnest(i.indkey::smallint[]) with ordinality k (attnum, n), pg_attribute a
            where i.indrelid = p_table and i.indisprimary and i.indimmediate and k.n <= i.indnkeyatts
                and a.attrelid = p_table and a.attnum = k.attnum;
        if v_key is null then
            raise exception using
                errcode = 'invalid_table_definition',
                message = format('The table %s has no primary key.', p_table),
                hint = 'Name the columns of another key: key => array[''column''].';
        end if;
        return v_key;
    end if;

    select k.name into v_missing from unnest(v_key) k (name)
        where not exists (
            select from pg_attribute a
            where a.attrelid = p_table and a.attname = k.name and a.attnum > 0 and not a.attisdropped) limit 1;
    if found or cardinality(v_key) = 0 then
        raise exception using
            errcode = 'undefined_column',
            message = format('The table %s has no column "%s".', p_table, coalesce(v_missing, ''));
    end if;
    -- These are the conditions of "replica identity using index".
    if not exists (
            select from pg_index i
            where i.indrelid = p_table and i.indisunique and i.indimmediate and i.indisvalid
                and i.indpred is null and i.indexprs is null
                and (select array_agg(a.attname::text)
                    from unnest(i.indkey::smallint[]) with ordinality k (attnum, n)
                    join pg_attribute a on a.attrelid = p_table and a.attnum = k.attnum
                    where k.n <= i.indnkeyatts) <@ v_key)
        or exists (
            select from pg_attribute a
            where a.attrelid = p_table and a.attname = any (v_key) and not a.attnotnull) then
        raise exception using
            errcode = 'invalid_table_definition',
            message = format('The columns (%s) are not a key of %s.',
                (select string_agg(quote_ident(k.name), ', ') from unnest(v_key) k (name)), p_table),
            detail = 'Readers keep one row a key.',
            hint = 'They need to be "not null", and a unique index or constraint that is neither partial nor '
                'deferrable.';
    end if;
    return v_key;
end $$;

-- Removes the triggers and the function of a published table. Returns whether the table was published.
create function unpublish_changes(table_name regclass) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_trigger record;
    v_function regprocedure;
begin
    for v_trigger in
        select t.tgname, t.tgrelid::regclass as relation, t.tgfoid::regprocedure as function
        from pg_trigger t
        where t.tgname like 'chunkstream\_publish\_%' and not t.tgisinternal
            and (t.tgrelid = table_name or t.tgrelid in (select p.relid from pg_partition_tree(table_name) p))
    loop
        execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.relation);
        v_function := v_trigger.function;
        if not exists (select from pg_trigger t where t.tgfoid = v_function) then
            execute format('drop function %s', v_function);
        end if;
    end loop;
    return v_function is not null;
end $$;

-- Publishes the changes of a table to a JSON stream, which is created if it isn't there. If the table is published
-- already, this replaces how.
-- key: the columns that tell rows apart; the primary key if null.
-- type: the type of the messages; the table's name if null.
-- old_values: whether the messages of updates and deletions have the old row.
-- on_truncate: 'delete' publishes the deletion of each row; 'reset' publishes the protocol's control message at which
-- readers forget all that they have from the stream, also of other tables.
-- snapshot: whether the rows that the table has now are published first.
create function publish_changes(
    table_name regclass, stream text, key text[] default null, type text default null, old_values boolean default true,
    on_truncate text default 'delete', snapshot boolean default false) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $publish$
#variable_conflict use_variable
declare
    v_table regclass := table_name;
    v_class pg_class;
    v_key text[];
    v_type text;
    v_value text;
    v_rows text;
    v_changed text;
    v_old text;
    v_select text;
    v_select_end text;
    v_body text;
    v_settings constant text := $$language plpgsql security definer
        set search_path = pg_catalog, pg_temp
        set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres' set bytea_output = 'hex'
        set extra_float_digits = 1$$;
    v_headers constant text := $$format('"txid":"%s","timestamp":"%s"}}', pg_current_xact_id(),
        to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))$$;
    v_name text;
    v_function text;
    v_snapshot text;
    v_relation regclass;
begin
    if v_table is null or stream is null or on_truncate is null then
        raise exception 'table_name, stream and on_truncate are not to be null.'
            using errcode = 'null_value_not_allowed';
    elsif on_truncate not in ('delete', 'reset') then
        raise exception 'on_truncate is "delete" or "reset".' using errcode = 'invalid_parameter_value';
    elsif type = '' then
        raise exception 'The type is empty.' using errcode = 'invalid_parameter_value';
    end if;
    select * into v_class from pg_class c where c.oid = v_table;
    if v_class.relkind not in ('r', 'p') or v_class.relpersistence = 't' or v_class.relispartition
        or v_class.relnamespace in ('chunkstream'::regnamespace, 'pg_catalog'::regnamespace) then
        raise exception using
            errcode = 'wrong_object_type',
            message = format('The changes of %s can''t be published.', v_table),
            hint = 'Publish a table, partitioned or not: no view, foreign table, temporary table, or single partition.';
    elsif not pg_has_role(current_user, v_class.relowner, 'member') then
        raise exception 'Only the owner of % can publish its changes.', v_table
            using errcode = 'insufficient_privilege';
    elsif not has_schema_privilege(v_class.relowner, 'chunkstream', 'usage')
        or not has_function_privilege(
            v_class.relowner, 'chunkstream.publish(text, bigint, bigint[], json[])', 'execute') then
        raise exception using
            errcode = 'insufficient_privilege',
            message = format('The owner of %s may not append to streams.', v_table),
            hint = format('The owner of the schema chunkstream has to: select chunkstream.allow_writing(%L)',
                v_class.relowner::regrole::text);
    end if;

    -- With this lock nobody writes to the table meanwhile.
    execute format('lock table %s in share row exclusive mode', v_table);
    v_key := chunkstream.change_key(v_table, key);
    perform chunkstream.create(stream);
    perform chunkstream.unpublish_changes(v_table);

    -- A key of one column is the column's text. A key of several is the JSON array of them. In the protocol a key can't
    -- be empty, so the empty text becomes "", with the quotes. A text that begins with a quote becomes a JSON text,
    -- too, so that no two keys become alike.
    v_type := to_json(coalesce(type, v_class.relname::text))::text;
    v_value := case when cardinality(v_key) = 1 then format('(to_json(r.%I) #>> ''{}'')', v_key[1])
        else (select 'json_build_array(' || string_agg(format('r.%I', k.name), ', ' order by k.n) || ')::text'
            from unnest(v_key) with ordinality k (name, n)) end;
    -- A row that is too large for a message is represented by its key. A row that takes less than 4 KiB can't be too
    -- large, however well it was compressed. The JSON of any other row is measured.
    v_rows := format(
        $$select row_number() over () as n,
            case when %1$s = '' or %1$s like '"%%' then to_json(%1$s)::text else %1$s end as k,
            coalesce(
                case when pg_column_size(r.*) < 4096 then row_to_json(r.*)::text
                    else chunkstream.row_text(r.*, (select chunkstream.message_limit())) end,
                (select row_to_json(x.*)::text from (select %2$s, true as "$too_large") x)) as v
            from $$,
        v_value,
        (select string_agg(format('r.%I', k.name), ', ' order by k.n) from unnest(v_key) with ordinality k (name, n)));
    -- Transition tables don't have the values of virtual columns, so these are computed.
    v_changed := '%1$s r';
    if exists (select from pg_attribute a where a.attrelid = v_table and a.attgenerated = 'v') then
        select '(select ' || replace(string_agg(
                case when a.attgenerated = 'v' then format('(%s) as %I', pg_get_expr(d.adbin, d.adrelid), a.attname)
                    else format('r.%I', a.attname) end, ', ' order by a.attnum), '%', '%%') || ' from %1$s r) r'
            into v_changed
            from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = v_table and a.attnum > 0 and not a.attisdropped;
    end if;
    v_old := case when old_values then $$ || ',"old_value":' || o.v$$ else '' end;

    -- Selects messages for the rows of a table. Its parameter is the rest of the headers.
    v_select := $$select o.n, ('{"type":' || %1$L || ',"key":' || to_json(o.k)::text%2$s
            || ',"headers":{"operation":"%3$s",' || $1)::json
        from (%4$s $$;
    v_select_end := $$) o$$;

    -- The parts of this function: %1$s reads rows; %2$L is the JSON of the type; %3$s the old value; %4$L the stream;
    -- %5$L and %6$L stand before and after the table where the deletion of its rows is published; %7$s is the rest of
    -- the headers; %8$s and %9$s are the new rows of a statement, and the old ones.
    v_body := format($body$
declare
    v_turn_name text := format('chunkstream.turn_%%s_%%s', pg_trigger_depth(), tg_relid);
    v_turn bigint;
    v_headers text := %7$s;
    v_changes refcursor;
begin
    if tg_when = 'BEFORE' and tg_op <> 'TRUNCATE' then
        perform set_config(v_turn_name, chunkstream.change_turn()::text, true);
        return null;
    end if;
    if tg_op <> 'TRUNCATE' then
        v_turn := nullif(current_setting(v_turn_name, true), '')::bigint;
    end if;
    v_turn := coalesce(v_turn, chunkstream.change_turn());

    -- The messages of one statement are ordered: deletions, then updates, then insertions. A row counts as updated if
    -- its key was there before and is there afterwards.
    if tg_op = 'INSERT' then
        open v_changes for
            select 1::bigint << 61 | w.n, ('{"type":' || %2$L || ',"key":' || to_json(w.k)::text || ',"value":' || w.v
                || ',"headers":{"operation":"insert",' || v_headers)::json
            from (%1$s %8$s) w;
    elsif tg_op = 'UPDATE' then
        open v_changes for
            select case when o.k is null then 2 when w.k is null then 0 else 1 end::bigint << 60 | coalesce(w.n, o.n),
                ('{"type":' || %2$L || ',"key":' || to_json(coalesce(w.k, o.k))::text
                || case when w.k is null then '' else ',"value":' || w.v end
                || case when o.k is null then '' else ''%3$s end
                || ',"headers":{"operation":"'
                || case when o.k is null then 'insert' when w.k is null then 'delete' else 'update' end
                || '",' || v_headers)::json
            from (%1$s %9$s) o full join (%1$s %8$s) w on w.k = o.k;
    elsif tg_op = 'DELETE' then
        open v_changes for
            select o.n, ('{"type":' || %2$L || ',"key":' || to_json(o.k)::text%3$s
                || ',"headers":{"operation":"delete",' || v_headers)::json
            from (%1$s %9$s) o;
    elsif tg_argv[0] = 'reset' then
        perform chunkstream.publish(%4$L, v_turn, '{0}', array['{"headers":{"control":"reset"}}'::json]);
        return null;
    else
        -- Partitions that have the trigger, too, publish their rows by themselves.
        open v_changes for
            execute %5$L || tg_relid::regclass::text || ' r where r.tableoid = ' || tg_relid::text || %6$L
            using v_headers;
    end if;
    perform chunkstream.publish_all(%4$L, v_turn, v_changes);
    return null;
end $body$, v_rows, v_type, v_old, stream,
        format(v_select, v_type, v_old, 'delete', v_rows),
        $$ or not exists (
            select from pg_trigger t where t.tgrelid = r.tableoid and t.tgname = 'chunkstream_publish_truncate')$$
            || v_select_end,
        v_headers, format(v_changed, 'chunkstream_new'), format(v_changed, 'chunkstream_old'));

    -- Finds a name that is free.
    v_name := left(v_class.relname::text, 12) || '_to_stream';
    while exists (select from pg_proc p where p.pronamespace = v_class.relnamespace and p.proname = v_name) loop
        v_name := 'to_stream_' || md5(random()::text);
    end loop;
    v_function := format('%s.%I', v_class.relnamespace::regnamespace, v_name);
    v_snapshot := format('%s.%I', v_class.relnamespace::regnamespace, v_name || '_snapshot');
    execute format('create function %s() returns trigger %s as %L', v_function, v_settings, v_body);
    execute format('revoke execute on function %s() from public', v_function);
    execute format('comment on function %s() is %L', v_function, format(
        'Publishes the changes of %s to the stream %s: chunkstream.publish_changes', v_table, stream));

    -- A statement that names a partition fires only the partition's own triggers.
    for v_relation in
        select p.relid from pg_partition_tree(v_table) p join pg_class c on c.oid = p.relid
            where c.relkind <> 'f' and p.relid <> v_table
        union all select v_table
    loop
        execute format('create trigger chunkstream_publish_before before insert or update or delete on %s
            for each statement execute function %s()', v_relation, v_function);
        execute format('create trigger chunkstream_publish_insert after insert on %s
            referencing new table as chunkstream_new for each statement execute function %s()', v_relation, v_function);
        execute format('create trigger chunkstream_publish_update after update on %s
            referencing old table as chunkstream_old new table as chunkstream_new
            for each statement execute function %s()',
            v_relation, v_function);
        execute format('create trigger chunkstream_publish_delete after delete on %s
            referencing old table as chunkstream_old for each statement execute function %s()', v_relation, v_function);
        execute format('create trigger chunkstream_publish_truncate before truncate on %s
            for each statement execute function %s(%L)',
            v_relation, v_function, case when v_relation = v_table then on_truncate else 'delete' end);
    end loop;

    if snapshot then
        v_body := format($body$
declare
    v_changes refcursor;
begin
    perform chunkstream.publish(
        %1$L, chunkstream.change_turn(), '{0}', array['{"headers":{"control":"snapshot-start"}}'::json]);
    open v_changes for execute %2$L using %3$s;
    perform chunkstream.publish_all(%1$L, chunkstream.change_turn(), v_changes);
    perform chunkstream.publish(
        %1$L, chunkstream.change_turn(), '{0}', array['{"headers":{"control":"snapshot-end"}}'::json]);
end $body$, stream,
            format(v_select, v_type, $$ || ',"value":' || o.v$$, 'insert', v_rows)
                || v_table::text || ' r' || v_select_end,
            v_headers);
        execute format('create function %s() returns void %s as %L', v_snapshot, v_settings, v_body);
        execute format('revoke execute on function %s() from public', v_snapshot);
        if v_class.relowner <> current_user::regrole then
            execute format('alter function %s() owner to %s', v_snapshot, v_class.relowner::regrole);
        end if;
        execute format('select %s()', v_snapshot);
        execute format('drop function %s()', v_snapshot);
    end if;
    if v_class.relowner <> current_user::regrole then
        execute format('alter function %s() owner to %s', v_function, v_class.relowner::regrole);
    end if;
end $publish$;

revoke execute on function change_turn(), publish(text, bigint, bigint[], json[]) from public;
