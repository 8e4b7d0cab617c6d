-- Durable streams. A stream is a sequence of units, bytes or JSON messages; a position counts them from 0.
--
-- Whoever writes to a stream locks its row first, and holds it until the commit: positions are given in the order of the
-- commits, without gaps, and no reader ever sees one. Where the stream ends is not in its row but in its last chunk, so that an
-- append only inserts: updates of one row, a thousand times a second, would leave versions behind which pile up for as long
-- as any long query holds a snapshot.

create table streams (
    id bigint generated always as identity primary key,
    -- Null once nobody can get at the stream, not even through a fork: what remains of it waits for the sweep.
    path text collate "C" unique,
    content_type text not null,
    media_type text collate "C" not null,
    is_json boolean not null,
    closed boolean not null,
    -- Which append of which producer closed it: a repetition of it is one, and not an append to a closed stream.
    closed_producer text collate "C",
    closed_epoch bigint,
    closed_number bigint,
    last_sequence text collate "C",
    ttl_seconds bigint,
    expires_at timestamptz,
    -- From when on the time to live counts. May lie a little in the future: see stream_touched.
    touched_at timestamptz not null,
    -- A fork has its source's units up to fork_at, and its own from there on.
    source_id bigint references streams,
    source_path text collate "C",
    fork_at bigint not null default 0,
    fork_bytes bigint not null default 0,
    lifetime_inherited boolean not null default false,
    created_at timestamptz not null,
    deleted_at timestamptz,
    -- When the sweep has to look at it: not before it can have expired.
    due_at timestamptz
) with (fillfactor = 80);

create index streams_by_source on streams (source_id) where source_id is not null;
create index streams_due on streams (due_at) where due_at is not null;

-- What was appended, in one row for what came together: Postgres gives a few large values much faster than many small ones.
create table chunks (
    stream_id bigint not null,
    -- Of its first unit.
    position bigint not null,
    units integer not null,
    -- How many bytes are before it, a comma after each message among them: where a piece of so many bytes ends is found by
    -- looking at a few rows.
    byte_at bigint not null,
    -- Bytes, or messages with commas between them.
    data bytea not null,
    -- Of several messages, where in data the one after each begins; or would, after the last.
    ends integer[],
    primary key (stream_id, position)
) with (toast_tuple_target = 4080);

-- Uncompressed: a part of a large chunk is had without reading all of it.
alter table chunks alter column data set storage external;

create table producers (
    stream_id bigint not null,
    producer text collate "C" not null,
    epoch bigint not null,
    number bigint not null,
    primary key (stream_id, producer)
) with (fillfactor = 50);

-- Two content types are the same stream's if they differ only in case and parameters.
create function stream_media_type(p_content_type text) returns text
language sql immutable parallel safe
return lower(btrim(split_part(p_content_type, ';', 1)) collate "C");

-- Whether a stream is deleted, or has expired. It is to be inlined: so it takes columns and not the row, which would be put
-- together for each of them, and is called with a time that stands still.
create function stream_is_over(
    p_deleted_at timestamptz, p_expires_at timestamptz, p_ttl_seconds bigint, p_touched_at timestamptz, p_now timestamptz)
returns boolean
language sql immutable parallel safe
return p_deleted_at is not null
    or coalesce(p_expires_at <= p_now, false)
    or p_ttl_seconds is not null and extract(epoch from p_now - p_touched_at) >= p_ttl_seconds;

-- What touched_at becomes when a stream is read or written to. It is set a twentieth of the time to live ahead, and then left
-- until that has passed: a stream lives for that much longer at most, never shorter, and not every read is a write.
create function stream_touched(p_ttl_seconds bigint, p_now timestamptz) returns timestamptz
language sql immutable parallel safe
return p_now + least(p_ttl_seconds, 1000000000) / 20.0 * interval '1 second';

-- Whether a stream has forks that somebody can still get at.
create function stream_has_forks(p_id bigint) returns boolean
language sql stable
set search_path = chunkstream, pg_temp
as $$ select exists (select from streams f where f.source_id = p_id and f.path is not null) $$;

-- Who waits for a stream's lock has to see then what was committed meanwhile: in a transaction that is not "read committed" the
-- snapshot is older, and does not show it.
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

-- Where in a chunk's data a unit begins that is not its first; or would, after the last.
create function chunk_offset(p_ends integer[], p_units bigint) returns bigint
language sql immutable parallel safe
return case when p_ends is null then p_units else p_ends[p_units] end;

-- Adds messages, or bytes, to the end of a stream, which the caller has locked: from p_tail on, with p_bytes before. A chunk is full
-- with 32 KiB, so that an event for a live reader can end where a chunk does; and with so many messages that where they end is
-- most of what a page has room for.
create function stream_store(p_id bigint, p_is_json boolean, p_tail bigint, p_bytes bigint, p_messages bytea[]) returns void
language plpgsql
as $$
declare
    v_separator bytea := case when p_is_json then ',' else '' end;
    v_some bytea[] := '{}';
    v_ends integer[] := '{}';
    v_size integer := 0;
begin
    -- One by one, and an array of all of them is never cut: that would copy it.
    for n in 1 .. cardinality(p_messages) loop
        v_some := v_some || p_messages[n];
        v_size := v_size + octet_length(p_messages[n]) + octet_length(v_separator);
        v_ends := v_ends || v_size;
        continue when v_size < 32768 and cardinality(v_ends) < 500 and n < cardinality(p_messages);
        insert into chunks (stream_id, position, units, byte_at, data, ends)
        values (
            p_id, p_tail, case when p_is_json then cardinality(v_ends) else v_size end, p_bytes,
            case when cardinality(v_some) = 1 then v_some[1] else (select string_agg(m, v_separator) from unnest(v_some) m) end,
            case when p_is_json and cardinality(v_ends) > 1 then v_ends end);
        p_tail := p_tail + case when p_is_json then cardinality(v_ends) else v_size end;
        p_bytes := p_bytes + v_size;
        v_some := '{}';
        v_ends := '{}';
        v_size := 0;
    end loop;
end $$;

-- Takes its path from a stream that is over and has no forks; and then from its source, for which it may have been the last.
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

-- Creates a stream unless it is there. Status: created, exists, differs, path_gone, source_missing, source_gone,
-- source_differs, fork_point_beyond_tail.
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
                    and (p_source is null or p_fork_position + p_fork_sub = s.fork_at
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
                when stream_is_over(v_source.deleted_at, v_source.expires_at, v_source.ttl_seconds, v_source.touched_at, v_now)
                    then case when stream_has_forks(v_source.id) then 'source_gone' else 'source_missing' end
                when stream_media_type(p_content_type) <> v_source.media_type then 'source_differs'
                end;
            if status is null then
                select * into v_tail, v_bytes from stream_end(v_source);
                v_fork_at := coalesce(p_fork_position, v_tail) + p_fork_sub;
                if v_fork_at > v_tail then
                    status := 'fork_point_beyond_tail';
                end if;
            end if;
            if status is not null then
                return next;
                return;
            end if;

            -- How many bytes it inherits.
            v_holder := v_source;
            while v_fork_at < v_holder.fork_at loop
                select * into v_holder from streams x where x.id = v_holder.source_id;
            end loop;
            v_fork_bytes := case when not v_holder.is_json then v_fork_at
                when v_fork_at = v_holder.fork_at then v_holder.fork_bytes
                else stream_bytes_before(v_holder.id, v_fork_at) end;
        end if;

        insert into streams (
            path, content_type, media_type, is_json, closed, ttl_seconds, expires_at, touched_at, source_id, source_path,
            fork_at, fork_bytes, lifetime_inherited, created_at)
        select p_path, t.content_type, stream_media_type(t.content_type), coalesce(v_source.is_json, p_is_json), p_closed,
            case when t.inherited then v_source.ttl_seconds else p_ttl_seconds end,
            case when t.inherited then v_source.expires_at else p_expires_at end,
            v_now, v_source.id, p_source, v_fork_at, v_fork_bytes, t.inherited, v_now
        from (select coalesce(p_content_type, v_source.content_type),
            p_source is not null and p_ttl_seconds is null and p_expires_at is null) t (content_type, inherited)
        on conflict (path) do nothing
        returning * into s;
        if found then
            status := 'created';
            update streams x
                set due_at = coalesce(x.expires_at, x.touched_at + least(x.ttl_seconds, 1000000000) * interval '1 second')
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

-- Appends to one stream, one after another in one transaction; each has an outcome of its own. Arrays of the same length, but
-- for p_messages, which has all messages, so many for each append as p_counts says; those from p_sequences on are null where
-- nobody has one. Status: appended, duplicate, missing, gone, closed, content_type_differs, stale_epoch, epoch_not_at_zero,
-- sequence_gap, sequence_regression, stream_full.
create function stream_append(
    p_path text, p_content_types text[], p_counts integer[], p_messages bytea[], p_closes boolean[], p_max_bytes bigint,
    p_sequences text[], p_producers text[], p_epochs bigint[], p_numbers bigint[])
returns table (status text, id bigint, tail bigint, closed boolean, epoch bigint, number bigint)
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    s record;
    v_tail bigint;
    v_bytes bigint;
    v_added bigint := 0;
    v_size bigint;
    v_count integer;
    v_first integer;
    v_next integer := 1;
    v_producer text;
    v_known boolean;
    v_sequence text;
    v_changed boolean := false;
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        perform stream_refuse_isolation();
    end if;
    select x.id, x.media_type, x.is_json, x.closed, x.closed_producer, x.closed_epoch, x.closed_number, x.last_sequence,
            x.ttl_seconds, x.touched_at, x.fork_at, x.fork_bytes,
            stream_is_over(x.deleted_at, x.expires_at, x.ttl_seconds, x.touched_at, statement_timestamp()) as is_over
        into s from streams x where x.path = p_path for no key update;
    if not found or s.is_over then
        status := 'missing';
        if s.id is not null and stream_has_forks(s.id) then
            status := 'gone';
        end if;
        for i in 1 .. cardinality(p_counts) loop
            return next;
        end loop;
        return;
    end if;

    id := s.id;
    closed := s.closed;
    -- Of a snapshot taken after the lock: nobody else has appended since.
    select c.position + c.units, c.byte_at + octet_length(c.data) + s.is_json::integer
        into v_tail, v_bytes
        from chunks c where c.stream_id = id order by c.position desc limit 1;
    if not found then
        v_tail := s.fork_at;
        v_bytes := s.fork_bytes;
    end if;
    tail := v_tail;

    for i in 1 .. cardinality(p_counts) loop
        v_count := p_counts[i];
        v_first := v_next;
        v_next := v_next + v_count;
        v_producer := p_producers[i];
        v_sequence := p_sequences[i];
        status := null;
        epoch := null;
        number := null;
        if closed then
            if v_producer = s.closed_producer and p_epochs[i] = s.closed_epoch and p_numbers[i] = s.closed_number then
                status := 'duplicate';
                epoch := s.closed_epoch;
                number := s.closed_number;
            elsif v_producer is null and p_closes[i] and v_count = 0 then
                status := 'duplicate';
            else
                status := 'closed';
            end if;
        elsif v_count > 0 and stream_media_type(p_content_types[i]) <> s.media_type then
            status := 'content_type_differs';
        elsif v_producer is not null then
            select p.epoch, p.number into epoch, number
                from producers p where p.stream_id = s.id and p.producer = v_producer;
            v_known := found;
            if not v_known then
                status := case when p_numbers[i] > 0 then 'sequence_gap' end;
            elsif p_epochs[i] < epoch then
                status := 'stale_epoch';
            elsif p_epochs[i] > epoch then
                status := case when p_numbers[i] > 0 then 'epoch_not_at_zero' end;
            elsif p_numbers[i] <= number then
                status := 'duplicate';
            elsif p_numbers[i] > number + 1 then
                status := 'sequence_gap';
            end if;
        end if;

        if status is null then
            v_size := case when s.is_json then v_count else 0 end;
            for n in v_first .. v_next - 1 loop
                v_size := v_size + octet_length(p_messages[n]);
            end loop;
            if v_sequence is not null and v_sequence collate "C" <= s.last_sequence collate "C" then
                status := 'sequence_regression';
            elsif v_size > 0 and v_bytes + v_added + v_size > p_max_bytes then
                status := 'stream_full';
            else
                status := 'appended';
                if s.is_json then
                    tail := tail + v_count;
                else
                    tail := tail + v_size;
                end if;
                v_added := v_added + v_size;
                if v_producer is not null then
                    epoch := p_epochs[i];
                    number := p_numbers[i];
                    if v_known then
                        update producers p set epoch = p_epochs[i], number = p_numbers[i]
                            where p.stream_id = s.id and p.producer = v_producer;
                    else
                        insert into producers (stream_id, producer, epoch, number)
                            values (s.id, v_producer, p_epochs[i], p_numbers[i]);
                    end if;
                end if;
                if v_sequence is not null then
                    s.last_sequence := v_sequence;
                    v_changed := true;
                end if;
                if p_closes[i] then
                    closed := true;
                    s.closed_producer := v_producer;
                    s.closed_epoch := p_epochs[i];
                    s.closed_number := p_numbers[i];
                    v_changed := true;
                end if;
            end if;
        end if;

        if status <> 'appended' then
            -- What is left then is stored at once.
            for n in v_first .. v_next - 1 loop
                p_messages[n] := null;
            end loop;
        end if;
        return next;
    end loop;

    if v_added > 0 then
        perform stream_store(id, s.is_json, v_tail, v_bytes, array_remove(p_messages, null));
    end if;
    if s.ttl_seconds is not null and statement_timestamp() > s.touched_at then
        s.touched_at := stream_touched(s.ttl_seconds, statement_timestamp());
        v_changed := true;
    end if;
    if v_changed then
        update streams x
            set closed = stream_append.closed, closed_producer = s.closed_producer, closed_epoch = s.closed_epoch,
                closed_number = s.closed_number, last_sequence = s.last_sequence, touched_at = s.touched_at
            where x.id = s.id;
    end if;
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

-- How many bytes there are before a unit of a JSON stream that is in its own chunks, or after the last of them.
create function stream_bytes_before(p_id bigint, p_position bigint) returns bigint
language plpgsql stable
set search_path = chunkstream, pg_temp
as $$
begin
    return (
        select c.byte_at + case
            when c.position = p_position then 0
            when c.units = 1 then octet_length(c.data) + 1
            else chunk_offset(c.ends, p_position - c.position) end
        from chunks c where c.stream_id = p_id and c.position <= p_position order by c.position desc limit 1);
end $$;

-- How far a read gets in one row of streams, not in its sources: from p_from on, at most to p_to, which it has; about p_max
-- bytes, and one unit at least. Size: how many bytes that is, or 0 where it is one message, however long.
create function stream_reach(
    p_id bigint, p_is_json boolean, p_from bigint, p_to bigint, p_max integer, out reach bigint, out size bigint)
language plpgsql stable
set search_path = chunkstream, pg_temp
as $$
declare
    v_base bigint;
    v_not bigint;
    v_try bigint;
    v_tries integer := 0;
    v_size bigint;
begin
    if not p_is_json then
        -- To where a chunk ends, unless that one is longer than p_max by itself.
        reach := case when p_to - p_from <= p_max then p_to else coalesce(
            (select max(c.position) from chunks c
                where c.stream_id = p_id and c.position > p_from and c.position <= p_from + p_max),
            p_from + greatest(p_max, 1)) end;
        size := reach - p_from;
        return;
    end if;

    reach := p_from + 1;
    size := 0;
    -- A message has at least a byte, and a comma.
    v_try := least(p_to, p_from + p_max / 2);
    v_not := v_try + 1;
    if v_try > reach then
        v_base := stream_bytes_before(p_id, p_from);
    end if;
    while v_try > reach loop
        v_size := stream_bytes_before(p_id, v_try) - v_base;
        if v_size <= p_max then
            reach := v_try;
            size := v_size;
            exit when v_size >= p_max / 2;
        else
            v_not := v_try;
        end if;
        exit when reach + 1 >= v_not;
        -- Where it would be if all messages were alike; and if that doesn't lead there soon, in the middle.
        v_tries := v_tries + 1;
        v_try := case when v_tries > 3 then (reach + v_not) / 2
            else least(v_not - 1, greatest(reach + 1, p_from + (v_try - p_from) * p_max / v_size)) end;
    end loop;
end $$;

-- A stream, by its path or its number, and which piece of it a read gets: from p_from on, or none of it, at the tail, where that
-- is null; at most to p_to where it is not null. The piece is the parts, one after another, each from part_starts to part_ends in
-- the row of streams part_ids. Must_touch: its time to live is to be counted anew, see stream_look.
create function stream_find(p_path text, p_id bigint, p_from bigint, p_to bigint, p_max integer)
returns table (
    presence text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz, must_touch boolean, start bigint, next bigint, part_ids bigint[], part_starts bigint[], part_ends bigint[])
language plpgsql stable
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    -- About how many bytes a part has. Postgres makes several copies of a value on its way to the client, and asks the system for
    -- the memory of each anew where that is more than some hundred KiB: a value of 512 KiB costs it half as much again.
    c_part constant integer := 131072;
    s streams;
    v_now timestamptz := statement_timestamp();
    v_from bigint;
    v_source bigint;
    v_ids bigint[];
    v_ends bigint[];
    v_left bigint := p_max;
    v_size bigint;
    v_step bigint;
begin
    if p_path is not null then
        select * into s from streams x where x.path = p_path;
    else
        select * into s from streams x where x.id = p_id;
    end if;
    if not found or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now) then
        presence := case when stream_has_forks(s.id) then 'gone' else 'missing' end;
        return next;
        return;
    end if;

    presence := 'present';
    id := s.id;
    content_type := s.content_type;
    is_json := s.is_json;
    closed := s.closed;
    ttl_seconds := s.ttl_seconds;
    expires_at := s.expires_at;
    must_touch := s.ttl_seconds is not null and v_now > s.touched_at;
    select c.position + c.units into tail from chunks c where c.stream_id = s.id order by c.position desc limit 1;
    tail := coalesce(tail, s.fork_at);
    start := coalesce(p_from, tail);
    next := start;
    if start >= least(tail, p_to) then
        return next;
        return;
    end if;

    -- Up to the source that has the start, then down again until it is enough.
    v_ids := array[s.id];
    v_ends := array[least(tail, p_to)];
    v_from := s.fork_at;
    v_source := s.source_id;
    while start < v_from loop
        v_ids := v_source || v_ids;
        v_ends := least(v_ends[1], v_from) || v_ends;
        select x.fork_at, x.source_id into v_from, v_source from streams x where x.id = v_source;
    end loop;
    for i in 1 .. cardinality(v_ids) loop
        continue when next >= v_ends[i];
        v_from := next;
        select x.reach, x.size into next, v_size from stream_reach(v_ids[i], s.is_json, v_from, v_ends[i], v_left::integer) x;
        v_step := case
            when v_size <= c_part then next - v_from
            when s.is_json then greatest((next - v_from) * c_part / v_size, 1)
            else c_part end;
        -- Not a loop from .. to: that counts in 32 bits.
        while v_from < next loop
            part_ids := part_ids || v_ids[i];
            part_starts := part_starts || v_from;
            v_from := least(v_from + v_step, next);
            part_ends := part_ends || v_from;
        end loop;
        v_left := v_left - v_size;
        exit when next < v_ends[i] or v_left <= 0 or v_size = 0;
    end loop;
    return next;
end $$;

-- What the chunks from p_first on have from p_start to p_end: which units, and their bytes. Is inlined.
create function chunk_slices(p_id bigint, p_is_json boolean, p_first bigint, p_start bigint, p_end bigint)
returns table (start bigint, next bigint, data bytea)
language sql stable
as $$
    select greatest(c.position, p_start), least(c.position + c.units, p_end),
        -- The first and the last may be cut; with the others there is less to do.
        case when c.position >= p_start and c.position + c.units <= p_end then c.data
            else substring(c.data from o.first + 1 for o.after - o.first - p_is_json::integer) end
    from chunks c,
        lateral (select
            coalesce(chunk_offset(c.ends, greatest(p_start - c.position, 0)), 0)::integer,
            chunk_offset(c.ends, least(p_end - c.position, c.units))::integer) o (first, after)
    where c.stream_id = p_id and c.position >= p_first and c.position < p_end
    order by c.position
$$;

-- A stream and the piece of it that stream_find has found: in rows that follow one another, each with the data from start to
-- next. One row with no data where there is none. All of it is of one moment.
create function stream_read(p_path text, p_id bigint, p_from bigint, p_to bigint, p_max integer)
returns table (
    presence text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz, must_touch boolean, start bigint, next bigint, data bytea)
language plpgsql stable
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    -- From so many bytes on a chunk costs less by itself than to be joined with others.
    c_large constant integer := 8192;
    v_ids bigint[];
    v_starts bigint[];
    v_ends bigint[];
    v_start bigint;
    v_end bigint;
    v_id bigint;
    v_first bigint;
    v_size integer;
begin
    select f.presence, f.id, f.content_type, f.is_json, f.tail, f.closed, f.ttl_seconds, f.expires_at, f.must_touch, f.start, f.start,
            f.part_ids, f.part_starts, f.part_ends
        into presence, id, content_type, is_json, tail, closed, ttl_seconds, expires_at, must_touch, start, next,
            v_ids, v_starts, v_ends
        from stream_find(p_path, p_id, p_from, p_to, p_max) f;
    if v_ids is null then
        return next;
        return;
    end if;
    for n in 1 .. cardinality(v_ids) loop
        v_id := v_ids[n];
        v_start := v_starts[n];
        v_end := v_ends[n];
        select c.position, octet_length(c.data) into v_first, v_size
            from chunks c where c.stream_id = v_id and c.position <= v_start order by c.position desc limit 1;
        if v_size >= c_large then
            return query
                select presence, id, content_type, is_json, tail, closed, ttl_seconds, expires_at, must_touch, s.start, s.next, s.data
                from chunk_slices(v_id, is_json, v_first, v_start, v_end) s;
        else
            return query
                select presence, id, content_type, is_json, tail, closed, ttl_seconds, expires_at, must_touch, v_start, v_end,
                    string_agg(s.data, case when is_json then ','::bytea else '' end)
                from chunk_slices(v_id, is_json, v_first, v_start, v_end) s;
        end if;
    end loop;
end $$;

-- Deletes a stream for its clients. Presence: what there was.
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

-- Counts the time to live of streams anew.
create function stream_touch(p_ids bigint[], p_now timestamptz) returns void
language plpgsql
set search_path = chunkstream, pg_temp
as $$
begin
    update streams x set touched_at = stream_touched(x.ttl_seconds, p_now)
        where x.id = any (p_ids) and x.ttl_seconds is not null and p_now > x.touched_at
            and not stream_is_over(x.deleted_at, x.expires_at, x.ttl_seconds, x.touched_at, p_now);
end $$;

-- How far streams are, for an instance that has readers waiting on them: that counts as reading.
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
        select i.id, e.o_tail, s.closed, s.id is null or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now)
        from unnest(p_ids) i (id) left join streams s on s.id = i.id left join lateral stream_end(s) e on s.id is not null;
end $$;

-- Tells all instances of changes. In a transaction of its own: all that commit with a notification do so one after another,
-- until they are on disk; with this one there is nothing to be lost.
create function stream_notify(p_payloads text[]) returns void
language plpgsql
set search_path = chunkstream, pg_temp
as $$
begin
    perform set_config('synchronous_commit', 'off', true);
    perform pg_notify('chunkstream', p) from unnest(p_payloads) p;
end $$;

-- One round of the sweep: at most so many streams are looked at, and so many chunks deleted. Gives how much it has done: 0
-- means that nothing is due. Several may run at once.
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
        if s.path is not null and not stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now) then
            -- It was read or written to since.
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
                -- The last of its forks to go calls again.
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
