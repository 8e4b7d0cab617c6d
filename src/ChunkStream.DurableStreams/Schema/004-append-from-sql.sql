-- Appending from SQL: chunkstream.append(path, payload), in a transaction of the user's own. What it appends is in the
-- stream once that transaction commits, and never if it doesn't.
--
-- Until then it is in the outbox. A deferred trigger moves it to its stream at the commit, because whoever writes to a
-- stream holds its lock until the commit. So other writers wait for as long as a commit takes, and not for as long as
-- the transaction. All transactions take the locks of several streams in the same order, so no two of them wait for
-- each other.

-- No row outlives its transaction. So the table needs no write-ahead log, and nobody ever sees a row of another
-- transaction.
create unlogged table outbox (
    txid xid8 not null,
    stream_id bigint not null,
    -- The order within a stream. What one statement appends may have one turn, whose parts are then in the order of
    -- part.
    turn bigint not null,
    part bigint not null,
    -- Whether the trigger fires for this row. It fires for the first row, and then takes the others, too. If the first
    -- row is rolled back, to a savepoint, the next one that is added is the first.
    is_first boolean not null,
    data bytea not null
);

alter table outbox alter column data set storage external;

create index outbox_in_order on outbox (txid, stream_id, turn, part);
create index outbox_first on outbox (txid) where is_first;

create unlogged sequence outbox_turns;

-- When a transaction last sent a notification of what it appended, in milliseconds since 1970: see outbox_move.
create sequence outbox_notices;

-- Limits that an administrator may change. For appends over HTTP, the app has a setting of its own instead:
-- ChunkStream:Streams:MaxStreamBytes.
create table limits (
    only_row boolean primary key default true check (only_row),
    max_stream_bytes bigint not null default 10737418240 check (max_stream_bytes > 0),
    -- Whoever reads a message holds all of it in memory.
    max_message_bytes bigint not null default 8388608 check (max_message_bytes > 0)
);

insert into limits default values;

-- Raises the error that says why a stream can't be appended to. The callers check whether there is one; the messages
-- are here, once for all of them.
create function outbox_refuse(s streams, p_path text, p_needs_json boolean) returns void
language plpgsql
as $$
declare
    v_now timestamptz := clock_timestamp();
begin
    if s.id is null or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now) then
        raise exception using
            errcode = 'undefined_object',
            message = case when p_path is null then 'A stream that was appended to has been deleted since.'
                else format('There is no stream "%s".', p_path) end,
            hint = 'Create it: select chunkstream.create(path). A stream that was deleted or has expired is no more.';
    elsif s.closed then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('The stream "%s" is closed.', p_path),
            hint = 'Nothing can be appended to it any more: append to another one.';
    elsif s.is_recording then
        raise exception using
            errcode = 'object_not_in_prerequisite_state',
            message = format('The stream "%s" is a recording.', p_path),
            hint = 'Only what records it can append to it: append to another one.';
    elsif s.is_json <> p_needs_json then
        raise exception using
            errcode = 'datatype_mismatch',
            message = format('The stream "%s" is one of %s.', p_path, s.content_type),
            hint = case when s.is_json then 'Append json, jsonb, or text that is JSON to it.'
                else 'Append text or bytea to it; payload::text is the JSON''s text.' end;
    elsif current_setting('session_replication_role') = 'replica' then
        raise exception 'Nothing can be appended while session_replication_role is "replica": that takes a trigger.'
            using errcode = 'object_not_in_prerequisite_state';
    end if;
end $$;

-- Puts an append to a stream into the outbox. The functions that call this one have set the search path.
create function outbox_add(p_path text, p_data bytea, p_is_json boolean) returns void
language plpgsql
as $$
declare
    s streams;
    v_now timestamptz := clock_timestamp();
begin
    select * into s from streams x where x.path = p_path;
    if s.id is null or s.closed or s.is_recording or s.is_json <> p_is_json
        or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now)
        or current_setting('session_replication_role') = 'replica' then
        perform outbox_refuse(s, coalesce(p_path, 'null'), p_is_json);
    elsif p_data is null then
        raise exception using
            errcode = 'null_value_not_allowed',
            message = format('What is to be appended to the stream "%s" is null.', p_path),
            hint = 'JSON''s null is ''null''::jsonb.';
    elsif p_data = '' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('What is to be appended to the stream "%s" is empty.', p_path);
    elsif p_is_json and octet_length(p_data) > (select l.max_message_bytes from limits l) then
        raise exception using
            errcode = 'program_limit_exceeded',
            message = format(
                'The message for the stream "%s" has %s bytes, and may have %s.', p_path, octet_length(p_data),
                (select l.max_message_bytes from limits l)),
            hint = 'The limit is in the table chunkstream.limits.';
    end if;

    insert into outbox (txid, stream_id, turn, part, is_first, data)
    select t.txid, s.id, nextval('outbox_turns'), 0,
        not exists (select from outbox o where o.txid = t.txid and o.is_first), p_data
    from pg_current_xact_id() t (txid);
end $$;

-- Appends one message to a JSON stream, with the text that the value has. An array is one message, too.
create function append(path text, payload json) returns void
language plpgsql security definer
set search_path = chunkstream, pg_temp
set enable_seqscan = off
as $$ begin perform outbox_add(path, convert_to(payload::text, 'UTF8'), true); end $$;

create function append(path text, payload jsonb) returns void
language plpgsql security definer
set search_path = chunkstream, pg_temp
set enable_seqscan = off
as $$ begin perform outbox_add(path, convert_to(payload::text, 'UTF8'), true); end $$;

-- Appends bytes.
create function append(path text, payload bytea) returns void
language plpgsql security definer
set search_path = chunkstream, pg_temp
set enable_seqscan = off
as $$ begin perform outbox_add(path, payload, false); end $$;

create function json_is_valid(p_text text) returns boolean
language plpgsql immutable
as $$
begin
    perform p_text::json;
    return true;
exception when data_exception then
    return false;
end $$;

-- Appends text, in UTF-8. If the stream is one of JSON, the text must be the JSON of a message. A literal without a
-- type calls this function.
create function append(path text, payload text) returns void
language plpgsql security definer
set search_path = chunkstream, pg_temp
set enable_seqscan = off
as $$
#variable_conflict use_variable
declare
    v_path text := path;
    v_is_json boolean := coalesce((select x.is_json from streams x where x.path = v_path), false);
begin
    if v_is_json and not json_is_valid(payload) then
        raise exception using
            errcode = 'invalid_text_representation',
            message = format('The stream "%s" is one of JSON, and what is to be appended to it is not JSON.', path),
            hint = 'to_jsonb(payload) makes JSON of any text.';
    end if;
    perform outbox_add(path, convert_to(payload, 'UTF8'), v_is_json);
end $$;

-- Creates a stream unless it is there already; returns whether it did. If the stream that is there has another content
-- type or time to live than the one asked for, is closed, or is a recording, this is an error.
create function chunkstream.create(
    path text, content_type text default 'application/json', ttl interval default null) returns boolean
language plpgsql security definer
set search_path = chunkstream, pg_temp
as $$
#variable_conflict use_variable
declare
    s streams;
    v_path text := path;
    v_type text := btrim(content_type);
    v_ttl bigint := ceil(extract(epoch from ttl));
    v_status text;
    v_now timestamptz := clock_timestamp();
begin
    if coalesce(v_path, '') = '' or octet_length(convert_to(v_path, 'UTF8')) > 1024
        or v_path ~ '[\x01-\x1f\x7f-\x9f]' or v_path ~ '%[0-9A-Fa-f]{2}'
        or v_path ~ '^/|//|/$' or v_path ~ '(^|/)\.\.?(/|$)' or v_path ~ '^__ds(/|$)' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('This can''t be a stream''s path: "%s".', v_path),
            hint = 'A path has 1 to 1024 bytes of UTF-8: segments with a slash between them, none empty or "." or '
                '"..", the first not "__ds", without control characters and percent-encoding.';
    elsif v_type is null or length(v_type) > 255
        or v_type !~ '^[!#$%&''*+.^_`|~0-9A-Za-z-]+/[!#$%&''*+.^_`|~0-9A-Za-z-]+[ ]*(;[\x20-\x7e]*)?$' then
        raise exception using
            errcode = 'invalid_parameter_value', message = format('This is not a content type: "%s".', v_type);
    elsif v_ttl < 1 then
        raise exception using
            errcode = 'invalid_parameter_value', message = 'The time to live has to be longer than nothing.';
    end if;

    select * into s from streams x where x.path = v_path;
    if s.id is null or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now) then
        select c.status into v_status
            from stream_create(
                v_path, v_type, stream_media_type(v_type) = 'application/json', '{}', false, v_ttl, null, null, null,
                0) c;
        if v_status = 'created' then
            return true;
        elsif v_status = 'path_gone' then
            raise exception using
                errcode = 'object_not_in_prerequisite_state',
                message = format('The stream "%s" was deleted, and its forks still need it.', v_path),
                hint = 'Delete its forks, or take another path.';
        end if;
        select * into s from streams x where x.path = v_path;
    end if;

    if s.media_type is distinct from stream_media_type(v_type) then
        raise exception using
            errcode = 'duplicate_object',
            message = format('The stream "%s" is there already, and one of %s.', v_path, s.content_type),
            hint = 'Take another path, or delete it.';
    elsif s.closed or s.is_recording or v_ttl is not null and v_ttl is distinct from s.ttl_seconds then
        raise exception using
            errcode = 'duplicate_object',
            message = format('The stream "%s" is there already, and %s.', v_path,
                case when s.closed then 'closed' when s.is_recording then 'a recording'
                    else 'has another time to live' end),
            hint = 'Take another path, or delete it.';
    end if;
    return false;
end $$;

-- Adds what a transaction has for a stream to the stream's end. It is a function of its own because it is called in two
-- places.
create function outbox_store(s streams, p_txid xid8) returns void
language plpgsql
as $$
declare
    -- It goes in batches, because an array of everything could be larger than a value may be. A cursor gives them one
    -- by one, while a loop over the query would fetch and hold fifty at a time.
    v_batches cursor for
        select array_agg(b.data order by b.turn, b.part)
        from (
            select o.data, o.turn, o.part, (sum(octet_length(o.data)) over w - octet_length(o.data)) / 1048576 as batch
            from outbox o where o.txid = p_txid and o.stream_id = s.id
            window w as (order by o.turn, o.part rows unbounded preceding)) b
        group by b.batch
        order by b.batch;
    v_messages bytea[];
    v_tail bigint;
    v_bytes bigint;
begin
    open v_batches;
    loop
        fetch v_batches into v_messages;
        exit when not found;
        select * into v_tail, v_bytes from stream_end(s);
        perform stream_store(s.id, s.is_json, v_tail, v_bytes, v_messages);
    end loop;
    close v_batches;
end $$;

-- Moves what a transaction has in the outbox to the streams.
create function outbox_move(p_txid xid8) returns void
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    s streams;
    v_id bigint;
    v_tail bigint;
    v_bytes bigint;
    v_now timestamptz;
    v_news text := '';
    v_moment bigint;
begin
    for v_id in select distinct o.stream_id from outbox o where o.txid = p_txid order by 1 loop
        select * into s from streams x where x.id = v_id for no key update;
        v_now := clock_timestamp();
        if s.id is null or s.closed
            or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now) then
            perform outbox_refuse(s, s.path, s.is_json);
        end if;
        if current_setting('transaction_isolation') = 'read committed' then
            perform outbox_store(s, p_txid);
        else
            -- This transaction sees the stream as it was when the transaction began.
            begin
                perform outbox_store(s, p_txid);
            exception when unique_violation then
                raise exception using
                    errcode = 'serialization_failure',
                    message = format('Others have appended to the stream "%s" since this transaction began.', s.path),
                    hint = 'Repeat the transaction, or let it be "read committed".';
            end;
        end if;

        select * into v_tail, v_bytes from stream_end(s);
        if v_bytes > (select l.max_stream_bytes from limits l) then
            raise exception using
                errcode = 'program_limit_exceeded',
                message = format('The stream "%s" is full.', s.path),
                hint = 'Begin another one. The limit is in the table chunkstream.limits.';
        end if;
        if s.ttl_seconds is not null and v_now > s.touched_at then
            update streams x set touched_at = stream_touched(x.ttl_seconds, v_now) where x.id = s.id;
        end if;
        v_news := v_news || s.id || ':' || v_tail || ' ';
    end loop;
    delete from outbox o where o.txid = p_txid;

    -- The app notifies after the commit, but nobody can do that for a transaction of SQL, so it notifies by itself.
    -- Transactions that notify commit one after another, in the whole database. So of all that come within 20 ms only
    -- one notifies, and its "*" says that there may be others. The sequence is not used as a counter, but as a value
    -- that all transactions see at once without a lock. If a clock is set back, the difference is large, too, and the
    -- transaction notifies.
    v_moment := extract(epoch from clock_timestamp()) * 1000;
    if abs(v_moment - (select n.last_value from outbox_notices n)) >= 20 then
        perform setval('outbox_notices', v_moment);
        -- A notification has room for 7,999 bytes. Whoever hears the "*" looks at all streams, so the list may be left
        -- out.
        perform pg_notify('chunkstream', case when length(v_news) < 7000 then v_news else '' end || '*');
    end if;
end $$;

create function outbox_at_commit() returns trigger
language plpgsql security definer
set search_path = chunkstream, pg_temp
as $$
begin
    perform outbox_move(new.txid);
    return null;
end $$;

create constraint trigger move_at_commit after insert on outbox deferrable initially deferred
    for each row when (new.is_first) execute function outbox_at_commit();

-- Allows a role to append from SQL, and to publish its tables.
create function allow_writing(role_name regrole) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_function regprocedure;
begin
    if not (
        select pg_has_role(current_user, n.nspowner, 'usage') from pg_namespace n where n.nspname = 'chunkstream') then
        raise exception 'Only the owner of the schema chunkstream can allow that.'
            using errcode = 'insufficient_privilege';
    end if;
    execute format('grant usage on schema chunkstream to %s', role_name);
    for v_function in
        select p.oid from pg_proc p
        where p.pronamespace = 'chunkstream'::regnamespace and p.prosecdef and p.prorettype <> 'trigger'::regtype
    loop
        execute format('grant execute on function %s to %s', v_function, role_name);
    end loop;
end $$;

-- These functions run with the rights of the schema's owner, so that a writer can append and do nothing else. So not
-- everybody may call them.
revoke execute on function append(text, json), append(text, jsonb), append(text, text), append(text, bytea),
    chunkstream.create(text, text, interval), outbox_at_commit() from public;
