-- Publishing a table's changes, in the form of the protocol's state extension: a message a row that was inserted, updated or
-- deleted, in the transaction that did it.
--
-- Each published table has a trigger function of its own, which belongs to the table's owner and runs with the owner's rights: who
-- writes to the table needs no others for it; and what turns a row into JSON, which may be casts that the owner has made, runs
-- as nobody else.

-- The number that orders a statement's messages. Taken before the statement: its triggers may change the table in turn, and what
-- they do comes later than what made them do it, but is published earlier.
create function change_turn() returns bigint
language sql security definer
set search_path = chunkstream, pg_temp
begin atomic
    select nextval('chunkstream.outbox_turns');
end;

-- Puts messages of one turn into the outbox.
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
    if s.id is null or s.closed or not s.is_json or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now)
        or current_setting('session_replication_role') = 'replica' then
        perform outbox_refuse(s, coalesce(v_stream, 'null'), true);
    end if;
    insert into outbox (txid, stream_id, turn, part, is_first, data)
    select t.txid, s.id, publish.turn, m.part,
        m.n = 1 and not exists (select from outbox o where o.txid = t.txid and o.is_first), convert_to(m.message::text, 'UTF8')
    from pg_current_xact_id() t (txid), unnest(parts, messages) with ordinality m (part, message, n);
end $$;

-- The same with all that a cursor gives, parts and messages. One row after another, and in batches of about a mebibyte: an array of
-- all would not be possible beyond a gigabyte; and to sort them, or to fetch many at once, takes their memory.
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

-- The JSON of a row that may be large. Null where it has more bytes than p_limit, or more than Postgres itself can hold: an error
-- would undo the statement that changed the row.
create function row_text(p_row record, p_limit bigint) returns text
language plpgsql stable
as $$
declare
    v_text text;
begin
    v_text := row_to_json(p_row);
    return case when octet_length(v_text) <= p_limit then v_text end;
-- Postgres has no one code for what is too large for it.
exception when program_limit_exceeded or out_of_memory or internal_error then
    return null;
end $$;

-- A key's columns: the given ones, or the primary key's. Refuses what doesn't tell rows apart.
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
            errcode = 'undefined_column', message = format('The table %s has no column "%s".', p_table, coalesce(v_missing, ''));
    end if;
    -- The same that "replica identity using index" asks for.
    if not exists (
            select from pg_index i
            where i.indrelid = p_table and i.indisunique and i.indimmediate and i.indisvalid
                and i.indpred is null and i.indexprs is null
                and (select array_agg(a.attname::text)
                    from unnest(i.indkey::smallint[]) with ordinality k (attnum, n)
                    join pg_attribute a on a.attrelid = p_table and a.attnum = k.attnum
                    where k.n <= i.indnkeyatts) <@ v_key)
        or exists (select from pg_attribute a where a.attrelid = p_table and a.attname = any (v_key) and not a.attnotnull) then
        raise exception using
            errcode = 'invalid_table_definition',
            message = format('The columns (%s) are not a key of %s.',
                (select string_agg(quote_ident(k.name), ', ') from unnest(v_key) k (name)), p_table),
            detail = 'Readers keep one row a key.',
            hint = 'They need to be "not null", and a unique index or constraint that is neither partial nor deferrable.';
    end if;
    return v_key;
end $$;

-- Removes the triggers and the function of a published table: whether it was one.
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

-- Publishes a table's changes to a JSON stream, which is created if it isn't there. Called again for a table it replaces what was.
-- key: the columns that tell rows apart; the primary key if not given.
-- type: the messages' type; the table's name if not given.
-- old_values: whether updates and deletes say what was before.
-- on_truncate: 'delete' publishes each row's deletion; 'reset' the protocol's control message, on which readers forget all they
-- have from the stream, also of other tables.
-- snapshot: whether the rows that the table has are published too, first.
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
        set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres' set bytea_output = 'hex' set extra_float_digits = 1$$;
    v_headers constant text := $$format('"txid":"%s","timestamp":"%s"}}', pg_current_xact_id(),
        to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))$$;
    v_name text;
    v_function text;
    v_snapshot text;
    v_relation regclass;
begin
    if v_table is null or stream is null or on_truncate is null then
        raise exception 'table_name, stream and on_truncate are not to be null.' using errcode = 'null_value_not_allowed';
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
        raise exception 'Only the owner of % can publish its changes.', v_table using errcode = 'insufficient_privilege';
    elsif not has_schema_privilege(v_class.relowner, 'chunkstream', 'usage')
        or not has_function_privilege(v_class.relowner, 'chunkstream.publish(text, bigint, bigint[], json[])', 'execute') then
        raise exception using
            errcode = 'insufficient_privilege',
            message = format('The owner of %s may not append to streams.', v_table),
            hint = format('The owner of the schema chunkstream has to: select chunkstream.allow_writing(%L)',
                v_class.relowner::regrole::text);
    end if;

    -- Nobody writes to it meanwhile.
    execute format('lock table %s in share row exclusive mode', v_table);
    v_key := chunkstream.change_key(v_table, key);
    perform chunkstream.create(stream);
    perform chunkstream.unpublish_changes(v_table);

    -- A key is the text of its column; of several, the JSON array of them. The empty text is no key in the protocol: it becomes "",
    -- with the quotes, and what begins with a quote becomes a JSON text too, so that no two are alike.
    v_type := to_json(coalesce(type, v_class.relname::text))::text;
    v_value := case when cardinality(v_key) = 1 then format('(to_json(r.%I) #>> ''{}'')', v_key[1])
        else (select 'json_build_array(' || string_agg(format('r.%I', k.name), ', ' order by k.n) || ')::text'
            from unnest(v_key) with ordinality k (name, n)) end;
    -- A row that is too large for a message is represented by its key. What takes less than 4 KiB can't be too large, however well
    -- it was compressed; with all others it is looked.
    v_rows := format(
        $$select row_number() over () as n, case when %1$s = '' or %1$s like '"%%' then to_json(%1$s)::text else %1$s end as k,
            coalesce(
                case when pg_column_size(r.*) < 4096 then row_to_json(r.*)::text
                    else chunkstream.row_text(r.*, (select chunkstream.message_limit())) end,
                (select row_to_json(x.*)::text from (select %2$s, true as "$too_large") x)) as v
            from $$,
        v_value, (select string_agg(format('r.%I', k.name), ', ' order by k.n) from unnest(v_key) with ordinality k (name, n)));
    -- What a statement has changed doesn't have the values of virtual columns.
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

    -- Of a table's rows: the parameter is the rest of the headers.
    v_select := $$select o.n, ('{"type":' || %1$L || ',"key":' || to_json(o.k)::text%2$s || ',"headers":{"operation":"%3$s",' || $1)::json
        from (%4$s $$;
    v_select_end := $$) o$$;

    -- What is put together here: %1$s what reads rows, %2$L the type's JSON, %3$s the old value, %4$L the stream, %5$L and %6$L what
    -- stands before and after the table where rows' deletion is published, %7$s the rest of the headers, %8$s and %9$s the rows that
    -- a statement has made, and those that were before.
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

    -- Of one statement come first the deletions, then updates, then insertions: of what is a key's row before and after it.
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
                || ',"headers":{"operation":"' || case when o.k is null then 'insert' when w.k is null then 'delete' else 'update' end
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
        -- Of partitions that have the trigger too, it is theirs to tell.
        open v_changes for execute %5$L || tg_relid::regclass::text || ' r where r.tableoid = ' || tg_relid::text || %6$L using v_headers;
    end if;
    perform chunkstream.publish_all(%4$L, v_turn, v_changes);
    return null;
end $body$, v_rows, v_type, v_old, stream,
        format(v_select, v_type, v_old, 'delete', v_rows),
        $$ or not exists (select from pg_trigger t where t.tgrelid = r.tableoid and t.tgname = 'chunkstream_publish_truncate')$$
            || v_select_end,
        v_headers, format(v_changed, 'chunkstream_new'), format(v_changed, 'chunkstream_old'));

    -- A name that is free.
    v_name := left(v_class.relname::text, 12) || '_to_stream';
    while exists (select from pg_proc p where p.pronamespace = v_class.relnamespace and p.proname = v_name) loop
        v_name := 'to_stream_' || md5(random()::text);
    end loop;
    v_function := format('%s.%I', v_class.relnamespace::regnamespace, v_name);
    v_snapshot := format('%s.%I', v_class.relnamespace::regnamespace, v_name || '_snapshot');
    execute format('create function %s() returns trigger %s as %L', v_function, v_settings, v_body);
    execute format('revoke execute on function %s() from public', v_function);
    execute format('comment on function %s() is %L', v_function, format('Publishes the changes of %s to the stream %s: chunkstream.publish_changes', v_table, stream));

    -- Who writes to a partition by its own name fires only the partition's triggers.
    for v_relation in
        select p.relid from pg_partition_tree(v_table) p join pg_class c on c.oid = p.relid where c.relkind <> 'f' and p.relid <> v_table
        union all select v_table
    loop
        execute format('create trigger chunkstream_publish_before before insert or update or delete on %s
            for each statement execute function %s()', v_relation, v_function);
        execute format('create trigger chunkstream_publish_insert after insert on %s
            referencing new table as chunkstream_new for each statement execute function %s()', v_relation, v_function);
        execute format('create trigger chunkstream_publish_update after update on %s
            referencing old table as chunkstream_old new table as chunkstream_new for each statement execute function %s()',
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
    perform chunkstream.publish(%1$L, chunkstream.change_turn(), '{0}', array['{"headers":{"control":"snapshot-start"}}'::json]);
    open v_changes for execute %2$L using %3$s;
    perform chunkstream.publish_all(%1$L, chunkstream.change_turn(), v_changes);
    perform chunkstream.publish(%1$L, chunkstream.change_turn(), '{0}', array['{"headers":{"control":"snapshot-end"}}'::json]);
end $body$, stream, format(v_select, v_type, $$ || ',"value":' || o.v$$, 'insert', v_rows) || v_table::text || ' r' || v_select_end, v_headers);
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
