-- Durable streams. A stream is a sequence of units, bytes or JSON messages; a position counts them from 0.
--
-- Whoever writes to a stream locks its row first, and holds it until the commit: positions are given in the order of the
-- commits, without gaps, and no reader ever sees one. Where the stream ends is not in its row but in its last message, so that
-- an append only inserts: updates of one row, a thousand times a second, would leave versions behind which pile up for as long
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

-- A row is a message of a JSON stream, or an append to a stream of bytes.
create table messages (
    stream_id bigint not null,
    position bigint not null,
    -- How many bytes are before it: where a piece of so many bytes ends is found by looking at a few rows.
    byte_at bigint not null,
    data bytea not null,
    primary key (stream_id, position)
) with (toast_tuple_target = 4080);

-- Uncompressed: a part of a large append is had without reading all of it.
alter table messages alter column data set storage external;

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
return lower(btrim(split_part(p_content_type, ';', 1)));

-- Whether a stream is deleted, or has expired.
create function stream_is_over(s streams, p_now timestamptz) returns boolean
language sql immutable parallel safe
return (s).deleted_at is not null
    or coalesce((s).expires_at <= p_now, false)
    or coalesce(extract(epoch from p_now - (s).touched_at) >= (s).ttl_seconds, false);

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

-- The position after a stream's last unit, and how many bytes there are before it.
create function stream_end(s streams, out o_tail bigint, out o_bytes bigint)
language plpgsql
set search_path = chunkstream, pg_temp
as $$
begin
    select m.position + case when s.is_json then 1 else octet_length(m.data) end, m.byte_at + octet_length(m.data)
        into o_tail, o_bytes
        from messages m where m.stream_id = s.id order by m.position desc limit 1;
    if not found then
        o_tail := s.fork_at;
        o_bytes := s.fork_bytes;
    end if;
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
    while v_id is not null loop
        -- Conflicts with the lock that a new fork takes on its source.
        select * into s from streams x where x.id = v_id for update;
        exit when not found or s.path is null or not stream_is_over(s, clock_timestamp()) or stream_has_forks(s.id);
        update streams x
            set path = null, deleted_at = coalesce(x.deleted_at, clock_timestamp()), due_at = clock_timestamp()
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
        v_now := clock_timestamp();
        if found then
            if not stream_is_over(s, v_now) then
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
                when stream_is_over(v_source, v_now) then case when stream_has_forks(v_source.id) then 'source_gone' else 'source_missing' end
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
                else (select m.byte_at + octet_length(m.data) from messages m
                    where m.stream_id = v_holder.id and m.position = v_fork_at - 1) end;
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
            insert into messages (stream_id, position, byte_at, data)
            select s.id, s.fork_at + case when s.is_json then u.n - 1 else u.before end, s.fork_bytes + u.before, u.data
            from (
                select data, n, sum(octet_length(data)) over (order by n) - octet_length(data) as before
                from unnest(p_messages) with ordinality m (data, n)) u;
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
-- for p_messages, which has all messages, so many for each append as p_counts says. Status: appended, duplicate, missing, gone,
-- closed, content_type_differs, stale_epoch, epoch_not_at_zero, sequence_gap, sequence_regression, stream_full.
create function stream_append(
    p_path text, p_content_types text[], p_counts integer[], p_messages bytea[], p_closes boolean[], p_sequences text[],
    p_producers text[], p_epochs bigint[], p_numbers bigint[], p_max_bytes bigint)
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
    s streams;
    v_now timestamptz;
    v_bytes bigint;
    v_size bigint;
    v_first integer;
    v_next integer := 1;
    v_known boolean;
    v_changed boolean := false;
begin
    select * into s from streams x where x.path = p_path for no key update;
    v_now := clock_timestamp();
    if s.id is null or stream_is_over(s, v_now) then
        status := case when stream_has_forks(s.id) then 'gone' else 'missing' end;
        for i in 1 .. cardinality(p_counts) loop
            return next;
        end loop;
        return;
    end if;

    id := s.id;
    select * into tail, v_bytes from stream_end(s);
    for i in 1 .. cardinality(p_counts) loop
        v_first := v_next;
        v_next := v_next + p_counts[i];
        status := null;
        epoch := null;
        number := null;
        if s.closed then
            if p_producers[i] = s.closed_producer and p_epochs[i] = s.closed_epoch and p_numbers[i] = s.closed_number then
                status := 'duplicate';
                epoch := s.closed_epoch;
                number := s.closed_number;
            elsif p_producers[i] is null and p_closes[i] and p_counts[i] = 0 then
                status := 'duplicate';
            else
                status := 'closed';
            end if;
        elsif p_counts[i] > 0 and stream_media_type(p_content_types[i]) <> s.media_type then
            status := 'content_type_differs';
        elsif p_producers[i] is not null then
            select p.epoch, p.number into epoch, number
                from producers p where p.stream_id = s.id and p.producer = p_producers[i];
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

        if status is null and p_sequences[i] collate "C" <= s.last_sequence collate "C" then
            status := 'sequence_regression';
        end if;
        if status is null then
            v_size := case p_counts[i] when 0 then 0 when 1 then octet_length(p_messages[v_first])
                else (select sum(octet_length(m)) from unnest(p_messages[v_first : v_next - 1]) m) end;
            if v_size > 0 and v_bytes + v_size > p_max_bytes then
                status := 'stream_full';
            end if;
        end if;

        if status is null then
            status := 'appended';
            if p_counts[i] = 1 then
                insert into messages (stream_id, position, byte_at, data) values (s.id, tail, v_bytes, p_messages[v_first]);
            elsif p_counts[i] > 1 then
                insert into messages (stream_id, position, byte_at, data)
                select s.id, tail + case when s.is_json then u.n - 1 else u.before end, v_bytes + u.before, u.data
                from (
                    select data, n, sum(octet_length(data)) over (order by n) - octet_length(data) as before
                    from unnest(p_messages[v_first : v_next - 1]) with ordinality m (data, n)) u;
            end if;

            tail := tail + case when s.is_json then p_counts[i] else v_size end;
            v_bytes := v_bytes + v_size;
            if p_producers[i] is not null then
                epoch := p_epochs[i];
                number := p_numbers[i];
                if v_known then
                    update producers p set epoch = p_epochs[i], number = p_numbers[i]
                        where p.stream_id = s.id and p.producer = p_producers[i];
                else
                    insert into producers (stream_id, producer, epoch, number)
                        values (s.id, p_producers[i], p_epochs[i], p_numbers[i]);
                end if;
            end if;
            if p_sequences[i] is not null then
                s.last_sequence := p_sequences[i];
                v_changed := true;
            end if;
            if p_closes[i] then
                s.closed := true;
                s.closed_producer := p_producers[i];
                s.closed_epoch := p_epochs[i];
                s.closed_number := p_numbers[i];
                v_changed := true;
            end if;
        end if;

        closed := s.closed;
        return next;
    end loop;

    if s.ttl_seconds is not null and v_now > s.touched_at then
        s.touched_at := stream_touched(s.ttl_seconds, v_now);
        v_changed := true;
    end if;
    if v_changed then
        update streams x
            set closed = s.closed, closed_producer = s.closed_producer, closed_epoch = s.closed_epoch,
                closed_number = s.closed_number, last_sequence = s.last_sequence, touched_at = s.touched_at
            where x.id = s.id;
    end if;
end $$;

-- A stream's metadata. Presence: present, missing, gone.
create function stream_head(p_path text)
returns table (
    presence text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
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
begin
    select * into s from streams x where x.path = p_path;
    if s.id is null or stream_is_over(s, clock_timestamp()) then
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

-- Units of one row of streams, not of its sources: from p_from on, up to p_to, which it has; about p_max bytes, and one unit at
-- least. Null where it no longer has them.
create function stream_own_piece(
    p_id bigint, p_is_json boolean, p_from bigint, p_to bigint, p_max integer, out o_next bigint, out o_data bytea)
language plpgsql
set search_path = chunkstream, pg_temp
as $$
declare
    v_base bigint;
    v_first bigint;
    v_count bigint;
    v_fits bigint;
    v_not bigint;
    v_try bigint;
    v_tries integer := 0;
    v_size bigint;
begin
    if p_is_json then
        -- A message has at least a byte.
        v_not := least(p_to, p_from + greatest(p_max, 1)) + 1;
        v_try := v_not - 1;
        v_fits := p_from + 1;
        select m.byte_at into v_base from messages m where m.stream_id = p_id and m.position = p_from;
        while v_try > v_fits loop
            select m.byte_at + octet_length(m.data) - v_base into v_size
                from messages m where m.stream_id = p_id and m.position = v_try - 1;
            if v_size <= p_max then
                v_fits := v_try;
                exit when v_size >= p_max / 2;
            else
                v_not := v_try;
            end if;
            exit when v_fits + 1 >= v_not;
            -- Where it would be if all messages were alike; and if that doesn't lead there soon, in the middle.
            v_tries := v_tries + 1;
            v_try := case when v_tries > 3 then (v_fits + v_not) / 2
                else least(v_not - 1, greatest(v_fits + 1, p_from + (v_try - p_from) * p_max / v_size)) end;
        end loop;
        o_next := v_fits;
        select string_agg(m.data, ','::bytea), count(*) into o_data, v_count
            from (
                select x.data from messages x
                where x.stream_id = p_id and x.position >= p_from and x.position < o_next order by x.position) m;
        if v_count <> o_next - p_from then
            o_data := null;
        end if;
        return;
    end if;

    o_next := p_to;
    if p_to - p_from > p_max then
        -- Where an append ends, unless it is longer than that by itself.
        select max(m.position) into o_next
            from messages m where m.stream_id = p_id and m.position > p_from and m.position <= p_from + p_max;
        o_next := coalesce(o_next, p_from + greatest(p_max, 1));
    end if;
    select max(m.position) into v_first from messages m where m.stream_id = p_id and m.position <= p_from;
    select string_agg(
            case when m.position >= p_from and m.position + octet_length(m.data) <= o_next then m.data
                else substring(m.data
                    from greatest(p_from - m.position, 0)::integer + 1
                    for (least(m.position + octet_length(m.data), o_next) - greatest(p_from, m.position))::integer) end,
            ''::bytea)
        into o_data
        from (
            select x.position, x.data from messages x
            where x.stream_id = p_id and x.position >= v_first and x.position < o_next order by x.position) m;
    if octet_length(o_data) <> o_next - p_from then
        o_data := null;
    end if;
end $$;

-- Units of a stream, its sources' included; as above.
create function stream_piece(
    s streams, p_from bigint, p_to bigint, p_max integer, out o_next bigint, out o_data bytea)
language plpgsql
set search_path = chunkstream, pg_temp
as $$
declare
    v_ids bigint[] := array[s.id];
    v_ends bigint[] := array[p_to];
    v_from bigint := s.fork_at;
    v_source bigint := s.source_id;
    v_data bytea;
begin
    o_next := p_from;
    o_data := ''::bytea;
    if p_from >= p_to then
        return;
    elsif p_from >= s.fork_at then
        select * into o_next, o_data from stream_own_piece(s.id, s.is_json, p_from, p_to, p_max);
        return;
    end if;

    while p_from < v_from loop
        v_ids := v_source || v_ids;
        v_ends := least(v_ends[1], v_from) || v_ends;
        select x.fork_at, x.source_id into v_from, v_source from streams x where x.id = v_source;
        if not found then
            o_data := null;
            return;
        end if;
    end loop;
    for i in 1 .. cardinality(v_ids) loop
        continue when o_next >= v_ends[i];
        select * into o_next, v_data
            from stream_own_piece(v_ids[i], s.is_json, o_next, v_ends[i], p_max - octet_length(o_data));
        o_data := o_data || case when s.is_json and o_data <> '' then ','::bytea else ''::bytea end || v_data;
        exit when o_data is null or o_next < v_ends[i] or octet_length(o_data) >= p_max;
    end loop;
end $$;

-- A stream and a piece of it: from p_from on, or none of it at the tail where that is null; up to p_to where it is not.
create function stream_read_row(s streams, p_from bigint, p_to bigint, p_max integer)
returns table (
    presence text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz, start bigint, next bigint, data bytea)
language plpgsql
set search_path = chunkstream, pg_temp
as $$
#variable_conflict use_column
declare
    v_now timestamptz := clock_timestamp();
begin
    if s.id is null or stream_is_over(s, v_now) then
        presence := case when stream_has_forks(s.id) then 'gone' else 'missing' end;
        return next;
        return;
    end if;

    if s.ttl_seconds is not null and v_now > s.touched_at then
        update streams x set touched_at = stream_touched(x.ttl_seconds, v_now)
            where x.id = s.id and not stream_is_over(x, v_now);
    end if;
    select * into tail from stream_end(s);
    start := coalesce(p_from, tail);
    select * into next, data from stream_piece(s, start, least(tail, p_to), p_max);
    if data is null then
        -- Deleted and swept while we read.
        presence := 'missing';
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
    return next;
end $$;

create function stream_read(p_path text, p_from bigint, p_max integer)
returns table (
    presence text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz, start bigint, next bigint, data bytea)
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    s streams;
begin
    select * into s from streams x where x.path = p_path;
    return query select * from stream_read_row(s, p_from, null, p_max);
end $$;

create function stream_read_on(p_id bigint, p_from bigint, p_to bigint, p_max integer)
returns table (
    presence text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz, start bigint, next bigint, data bytea)
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    s streams;
begin
    select * into s from streams x where x.id = p_id;
    return query select * from stream_read_row(s, p_from, p_to, p_max);
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
    elsif stream_is_over(s, clock_timestamp()) then
        perform stream_release(s.id);
        presence := case when stream_has_forks(s.id) then 'gone' else 'missing' end;
    else
        update streams x set deleted_at = clock_timestamp(), due_at = null where x.id = s.id;
        perform stream_release(s.id);
        presence := 'present';
        id := s.id;
    end if;
    return next;
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
    v_now timestamptz := clock_timestamp();
begin
    update streams x set touched_at = stream_touched(x.ttl_seconds, v_now)
        where x.id = any (p_ids) and x.ttl_seconds is not null and v_now > x.touched_at and not stream_is_over(x, v_now);
    return query
        select i.id, e.o_tail, s.closed, s.id is null or stream_is_over(s, v_now)
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

-- One round of the sweep: at most so many streams are looked at, and so many messages deleted. Gives how much it has done: 0
-- means that nothing is due. Several may run at once.
create function stream_sweep(p_streams integer, p_messages integer) returns integer
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    s streams;
    v_now timestamptz := clock_timestamp();
    v_done integer := 0;
    v_left integer := p_messages;
    v_deleted integer;
begin
    for s in
        select * from streams x where x.due_at <= v_now order by x.due_at limit p_streams for update skip locked
    loop
        v_done := v_done + 1;
        if s.path is not null and not stream_is_over(s, v_now) then
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
        delete from messages m where m.stream_id = s.id and m.position < (
            select x.position from messages x where x.stream_id = s.id order by x.position offset v_left limit 1);
        get diagnostics v_deleted = row_count;
        if v_deleted = 0 then
            delete from messages m where m.stream_id = s.id;
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
