-- Durable streams. A stream is a sequence of bytes, or of JSON messages. A unit is one byte or one message, and a
-- position counts the units from 0.
--
-- Whoever writes to a stream first locks its row, and holds the lock until the commit. So positions are given in the
-- order of the commits, and no reader ever sees a gap. The row does not say where the stream ends; its last chunk does.
-- So an append only inserts. If it updated the row, a thousand times a second, dead versions of the row would pile up
-- for as long as any long query holds a snapshot.

create table streams (
    id bigint generated always as identity primary key,
    -- Null once nobody can reach the stream, not even through a fork. What remains of it waits for the sweep.
    path text collate "C" unique,
    content_type text not null,
    media_type text collate "C" not null,
    is_json boolean not null,
    closed boolean not null,
    -- The append, of a producer, that closed the stream. If it is repeated, it is a duplicate, and not an append to a
    -- closed stream.
    closed_producer text collate "C",
    closed_epoch bigint,
    closed_number bigint,
    last_sequence text collate "C",
    -- Whether it is a recording: only its recorder appends to it and closes it, see recorder_of.
    is_recording boolean not null default false,
    ttl_seconds bigint,
    expires_at timestamptz,
    -- The moment from which the time to live counts. It may lie a little in the future: see stream_touched.
    touched_at timestamptz not null,
    -- A fork has its source's units up to fork_at, and its own from there on.
    source_id bigint references streams,
    source_path text collate "C",
    fork_at bigint not null default 0,
    fork_bytes bigint not null default 0,
    lifetime_inherited boolean not null default false,
    created_at timestamptz not null,
    deleted_at timestamptz,
    -- When the sweep has to look at the stream. That is not before it can have expired.
    due_at timestamptz
) with (fillfactor = 80);

create index streams_by_source on streams (source_id) where source_id is not null;
create index streams_due on streams (due_at) where due_at is not null;

-- The data. What was appended together is in one row, because Postgres reads a few large values much faster than many
-- small ones.
create table chunks (
    stream_id bigint not null,
    -- The position of its first unit.
    position bigint not null,
    units integer not null,
    -- How many bytes of the stream are before it, with a comma after each message. With this number, the end of a
    -- segment of so many bytes is found by looking at a few rows.
    byte_at bigint not null,
    -- Bytes, or messages with commas between them.
    data bytea not null,
    -- Only for several messages: for each, where in data the next message begins. For the last, where one would begin.
    ends integer[],
    primary key (stream_id, position)
) with (toast_tuple_target = 4080);

-- Not compressed, so that Postgres can give a part of a large chunk without reading all of it.
alter table chunks alter column data set storage external;

create table producers (
    stream_id bigint not null,
    producer text collate "C" not null,
    epoch bigint not null,
    number bigint not null,
    primary key (stream_id, producer)
) with (fillfactor = 50);

-- Content types that differ only in case and parameters may be appended to the same stream.
create function stream_media_type(p_content_type text) returns text
language sql immutable parallel safe
return lower(btrim(split_part(p_content_type, ';', 1), E' \t') collate "C");

-- The producer that records into a stream. It has the stream's number, because the path may belong to another recording
-- after this one was deleted. No client can be this producer: see ProducerPosition.Separator.
create function recorder_of(p_id bigint) returns text
language sql immutable parallel safe
return E'\x01recorder ' || p_id::text;

-- Whether a stream is deleted, or has expired. Postgres should inline this function. So it takes columns and not the
-- row, which would be put together for each call; and its callers pass a time that does not change.
create function stream_is_over(
    p_deleted_at timestamptz, p_expires_at timestamptz, p_ttl_seconds bigint, p_touched_at timestamptz,
    p_now timestamptz)
returns boolean
language sql immutable parallel safe
return p_deleted_at is not null
    or coalesce(p_expires_at <= p_now, false)
    or p_ttl_seconds is not null and extract(epoch from p_now - p_touched_at) >= p_ttl_seconds;

-- What touched_at becomes when a stream is created, read or written to. It is set a twentieth of the time to live
-- ahead, but at least a second, and is then left alone until that moment. So a stream lives a little longer than its
-- time to live, never shorter, and not every read is a write.
create function stream_touched(p_ttl_seconds bigint, p_now timestamptz) returns timestamptz
language sql immutable parallel safe
return p_now + least(p_ttl_seconds, greatest(least(p_ttl_seconds, 1000000000) / 20.0, 1)) * interval '1 second';

-- Whether a stream has forks that somebody can still reach.
create function stream_has_forks(p_id bigint) returns boolean
language sql stable
set search_path = chunkstream, pg_temp
as $$ select exists (select from streams f where f.source_id = p_id and f.path is not null) $$;

-- Refuses a transaction that is not "read committed". Whoever gets a stream's lock must see what was committed while it
-- waited, and in such a transaction the snapshot is older than that.
create function stream_refuse_isolation() returns void
language plpgsql
as $$
begin
    raise exception using
        errcode = 'invalid_transaction_state',
        message = 'This can only be done in a transaction that is "read committed".',
        hint = 'Say "begin isolation level read committed".';
end $$;

-- The position after a stream's last unit, and how many bytes there are before it.
create function stream_end(s streams, out o_tail bigint, out o_bytes bigint)
language plpgsql
set search_path = chunkstream, pg_temp
as $$
begin
    select c.position + c.units, c.byte_at + octet_length(c.data) + s.is_json::integer
        into o_tail, o_bytes
        from chunks c where c.stream_id = s.id order by c.position desc limit 1;
    if not found then
        o_tail := s.fork_at;
        o_bytes := s.fork_bytes;
    end if;
end $$;

-- Takes the path from a stream that is over and has no forks. Then does the same to its source, of which it may have
-- been the last fork.
create function stream_release(p_id bigint) returns void
language plpgsql
set search_path = chunkstream, pg_temp
as $$
declare
    s streams;
    v_id bigint := p_id;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        perform stream_refuse_isolation();
    end if;
    while v_id is not null loop
        -- Conflicts with the lock that a new fork takes on its source.
        select * into s from streams x where x.id = v_id for update;
        exit when not found or s.path is null or stream_has_forks(s.id)
            or not stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, statement_timestamp());
        update streams x
            set path = null, deleted_at = coalesce(x.deleted_at, statement_timestamp()), due_at = statement_timestamp()
            where x.id = s.id;
        v_id := s.source_id;
    end loop;
end $$;

-- Creates a stream unless it is there already. Status: created, exists, differs, path_gone, source_missing,
-- source_gone, source_differs, fork_point_beyond_tail.
create function stream_create(
    p_path text, p_content_type text, p_is_json boolean, p_messages bytea[], p_closed boolean,
    p_ttl_seconds bigint, p_expires_at timestamptz, p_source text, p_fork_position bigint, p_fork_sub bigint)
returns table (
    status text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz)
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    s streams;
    v_source streams;
    v_holder streams;
    v_now timestamptz;
    v_tail bigint;
    v_bytes bigint;
    v_fork_at bigint := 0;
    v_fork_bytes bigint := 0;
begin
    loop
        select * into s from streams x where x.path = p_path;
        v_now := statement_timestamp();
        if found then
            if not stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now) then
                status := case when s.closed = p_closed
                    and (p_content_type is null or stream_media_type(p_content_type) = s.media_type)
                    and p_ttl_seconds is not distinct from case when not s.lifetime_inherited then s.ttl_seconds end
                    and p_expires_at is not distinct from case when not s.lifetime_inherited then s.expires_at end
                    and p_source is not distinct from s.source_path
                    and (p_source is null or p_fork_position = s.fork_at - p_fork_sub
                        or p_fork_position is null and p_fork_sub = 0)
                    then 'exists' else 'differs' end;
                exit;
            end if;

            perform stream_release(s.id);
            if exists (select from streams x where x.id = s.id and x.path is not null) then
                status := 'path_gone';
                return next;
                return;
            end if;
        end if;

        if p_source is not null then
            select * into v_source from streams x where x.path = p_source for key share;
            status := case when v_source.id is null then 'source_missing'
                when stream_is_over(
                    v_source.deleted_at, v_source.expires_at, v_source.ttl_seconds, v_source.touched_at, v_now)
                    then case when stream_has_forks(v_source.id) then 'source_gone' else 'source_missing' end
                when stream_media_type(p_content_type) <> v_source.media_type then 'source_differs'
                end;
            if status is null then
                select * into v_tail, v_bytes from stream_end(v_source);
                v_fork_at := coalesce(p_fork_position, v_tail);
                -- Not compared with their sum, which could be larger than a bigint.
                if v_fork_at > v_tail or p_fork_sub > v_tail - v_fork_at then
                    status := 'fork_point_beyond_tail';
                else
                    v_fork_at := v_fork_at + p_fork_sub;
                end if;
            end if;
            if status is not null then
                return next;
                return;
            end if;

            -- How many bytes the fork inherits.
            v_holder := v_source;
            while v_fork_at < v_holder.fork_at loop
                select * into v_holder from streams x where x.id = v_holder.source_id;
            end loop;
            v_fork_bytes := case when not v_holder.is_json then v_fork_at
                when v_fork_at = v_holder.fork_at then v_holder.fork_bytes
                else stream_bytes_before(v_holder.id, v_fork_at) end;
        end if;

        insert into streams (
            path, content_type, media_type, is_json, closed, ttl_seconds, expires_at, touched_at, source_id,
            source_path, fork_at, fork_bytes, lifetime_inherited, created_at)
        select p_path, t.content_type, stream_media_type(t.content_type), coalesce(v_source.is_json, p_is_json),
            p_closed, l.ttl_seconds,
            case when t.inherited then v_source.expires_at else p_expires_at end,
            case when l.ttl_seconds is null then v_now else stream_touched(l.ttl_seconds, v_now) end,
            v_source.id, p_source, v_fork_at, v_fork_bytes, t.inherited, v_now
        from (select coalesce(p_content_type, v_source.content_type),
            p_source is not null and p_ttl_seconds is null and p_expires_at is null) t (content_type, inherited)
        cross join lateral (
            select case when t.inherited then v_source.ttl_seconds else p_ttl_seconds end) l (ttl_seconds)
        on conflict (path) do nothing
        returning * into s;
        if found then
            status := 'created';
            update streams x
                set due_at = coalesce(
                    x.expires_at, x.touched_at + least(x.ttl_seconds, 1000000000) * interval '1 second')
                where x.id = s.id and (x.expires_at is not null or x.ttl_seconds is not null);
            perform stream_store(s.id, s.is_json, s.fork_at, s.fork_bytes, p_messages);
            exit;
        end if;
    end loop;

    select * into tail from stream_end(s);
    id := s.id;
    content_type := s.content_type;
    is_json := s.is_json;
    closed := s.closed;
    ttl_seconds := s.ttl_seconds;
    expires_at := s.expires_at;
    return next;
end $$;

-- A stream's metadata. Presence: present, missing, gone.
create function stream_head(p_path text)
returns table (
    presence text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz)
language plpgsql stable
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    s streams;
begin
    select * into s from streams x where x.path = p_path;
    if not found or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, statement_timestamp()) then
        presence := case when stream_has_forks(s.id) then 'gone' else 'missing' end;
    else
        presence := 'present';
        select * into tail from stream_end(s);
        id := s.id;
        content_type := s.content_type;
        is_json := s.is_json;
        closed := s.closed;
        ttl_seconds := s.ttl_seconds;
        expires_at := s.expires_at;
    end if;
    return next;
end $$;

-- Deletes a stream for its clients. Presence tells what was there.
create function stream_delete(p_path text)
returns table (presence text, id bigint)
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
    s streams;
begin
    select * into s from streams x where x.path = p_path for update;
    if s.id is null then
        presence := 'missing';
    elsif stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, statement_timestamp()) then
        perform stream_release(s.id);
        presence := case when stream_has_forks(s.id) then 'gone' else 'missing' end;
    else
        update streams x set deleted_at = statement_timestamp(), due_at = null where x.id = s.id;
        perform stream_release(s.id);
        presence := 'present';
        id := s.id;
    end if;
    return next;
end $$;

-- Starts the time to live of streams again.
create function stream_touch(p_ids bigint[], p_now timestamptz) returns void
language plpgsql
set search_path = chunkstream, pg_temp
as $$
begin
    update streams x set touched_at = stream_touched(x.ttl_seconds, p_now)
        where x.id = any (p_ids) and x.ttl_seconds is not null and p_now > x.touched_at
            and not stream_is_over(x.deleted_at, x.expires_at, x.ttl_seconds, x.touched_at, p_now);
end $$;

-- The tails of streams, for an instance whose readers wait for more of them. This counts as reading.
create function stream_look(p_ids bigint[])
returns table (id bigint, tail bigint, closed boolean, is_over boolean)
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_now timestamptz := statement_timestamp();
begin
    perform stream_touch(p_ids, v_now);
    return query
        select i.id, e.o_tail, s.closed,
            s.id is null or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now)
        from unnest(p_ids) i (id)
        left join streams s on s.id = i.id
        left join lateral stream_end(s) e on s.id is not null;
end $$;

-- Tells all instances of changes, in a transaction of its own. Transactions with a notification commit one after
-- another, each until it is on disk. This one need not wait for the disk, because it has nothing that could be lost.
create function stream_notify(p_payloads text[]) returns void
language plpgsql
set search_path = chunkstream, pg_temp
as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    perform pg_notify('chunkstream', p) from unnest(p_payloads) p;
end $$;

-- One round of the sweep. It looks at no more than p_streams streams, and deletes no more than p_chunks chunks. It
-- returns how much it has done; 0 means that nothing is due. Several rounds may run at once.
create function stream_sweep(p_streams integer, p_chunks integer) returns integer
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    s streams;
    v_now timestamptz := statement_timestamp();
    v_done integer := 0;
    v_left integer := p_chunks;
    v_deleted integer;
begin
    for s in
        select * from streams x where x.due_at <= v_now order by x.due_at limit p_streams for update skip locked
    loop
        v_done := v_done + 1;
        if s.path is not null
            and not stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now) then
            -- It was read or written to since then.
            update streams x set due_at = x.touched_at + least(x.ttl_seconds, 1000000000) * interval '1 second'
                where x.id = s.id;
            continue;
        end if;

        if s.path is not null then
            update streams x set deleted_at = coalesce(x.deleted_at, v_now), due_at = null where x.id = s.id;
            perform stream_release(s.id);
            perform pg_notify('chunkstream', s.id::text);
            continue;
        end if;

        exit when v_left = 0;
        delete from chunks c where c.stream_id = s.id and c.position < (
            select x.position from chunks x where x.stream_id = s.id order by x.position offset v_left limit 1);
        get diagnostics v_deleted = row_count;
        if v_deleted = 0 then
            delete from chunks c where c.stream_id = s.id;
            get diagnostics v_deleted = row_count;
            v_left := v_left - v_deleted;
            delete from producers p where p.stream_id = s.id;
            if exists (select from streams f where f.source_id = s.id) then
                -- The last of its forks makes it due again.
                update streams x set due_at = null where x.id = s.id;
            else
                delete from streams x where x.id = s.id;
                update streams x set due_at = v_now where x.id = s.source_id and x.path is null;
            end if;
        else
            v_left := 0;
        end if;
        v_done := v_done + v_deleted;
    end loop;
    return v_done;
end $$;
