-- Reading streams.

-- Where in the data of a chunk the unit begins that has p_units units before it. They are at least 1. If they are all
-- that the chunk has, this is where one more unit would begin.
create function chunk_offset(p_ends integer[], p_units bigint) returns bigint
language sql immutable parallel safe
return case when p_ends is null then p_units else p_ends[p_units] end;

-- How many bytes of a JSON stream are before a position, which must be in the stream's own chunks or at their end, and
-- not in its source's. Null if the chunk is missing.
create function stream_bytes_before(p_id bigint, p_position bigint) returns bigint
language plpgsql stable
set search_path = chunkstream, pg_temp
as $$
begin
    return (
        select c.byte_at + case
            when c.position = p_position then 0
            when c.position + c.units < p_position then null
            when c.units = 1 then octet_length(c.data) + 1
            else chunk_offset(c.ends, p_position - c.position) end
        from chunks c where c.stream_id = p_id and c.position <= p_position order by c.position desc limit 1);
end $$;

-- How far a read gets in the chunks of one stream, without its sources. It begins at p_from, ends at p_to at the
-- latest, which the stream must have, and takes about p_max bytes, but at least one unit. reach is the position at
-- which it ends. size is how many bytes that is; or 0 if it is one message, of whatever length.
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
        -- It ends where a chunk ends, unless a single chunk is longer than p_max.
        reach := case when p_to - p_from <= p_max then p_to else coalesce(
            (select max(c.position) from chunks c
                where c.stream_id = p_id and c.position > p_from and c.position <= p_from + p_max),
            p_from + greatest(p_max, 1)) end;
        size := reach - p_from;
        return;
    end if;

    reach := p_from + 1;
    size := 0;
    -- A message has at least one byte and a comma.
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
        -- The next try is where the end would be if all messages had the same length. If that has not led to it in
        -- three tries, the middle is tried.
        v_tries := v_tries + 1;
        v_try := case when v_tries > 3 then (reach + v_not) / 2
            else least(v_not - 1, greatest(reach + 1, p_from + (v_try - p_from) * p_max / v_size)) end;
    end loop;
end $$;

-- What the chunks from p_first on have between p_start and p_end: the first unit of each, the position after its last,
-- and their bytes. Postgres inlines this function.
create function chunk_slices(p_id bigint, p_is_json boolean, p_first bigint, p_start bigint, p_end bigint)
returns table (start bigint, next bigint, data bytea)
language sql stable
as $$
    select greatest(c.position, p_start), least(c.position + c.units, p_end),
        -- Only the first and the last chunk may have to be cut.
        case when c.position >= p_start and c.position + c.units <= p_end then c.data
            else substring(c.data from o.first + 1 for o.after - o.first - p_is_json::integer) end
    from chunks c,
        lateral (select
            coalesce(chunk_offset(c.ends, greatest(p_start - c.position, 0)), 0)::integer,
            chunk_offset(c.ends, least(p_end - c.position, c.units))::integer) o (first, after)
    where c.stream_id = p_id and c.position >= p_first and c.position < p_end and c.position + c.units > p_start
    order by c.position
$$;

-- A stream, found by its path or its number, and a segment of it. The segment begins at p_from; if that is null, it is
-- empty and lies at the tail. It ends at p_to at the latest, if that is not null, and has about p_max bytes.
--
-- It comes in rows that follow one another, each with the data from start to next; if there are no data, in one row
-- without any. size is null, or how many bytes the data of the row must have: the row was joined from several chunks
-- then, of which one could be missing. must_touch says that the time to live has to start again, see stream_look.
-- This function only reads, so that all of its result is of one moment.
create function stream_read(p_path text, p_id bigint, p_from bigint, p_to bigint, p_max integer)
returns table (
    presence text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz, must_touch boolean, start bigint, next bigint, size bigint, data bytea)
language plpgsql stable
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    -- About how many bytes one row of the segment has. Postgres makes several copies of a value on its way to the
    -- client. For those of more than some hundred KiB it takes new memory from the system each time, so a value of
    -- 512 KiB costs half as much again.
    c_part constant integer := 131072;
    -- From this size on it costs less to send a chunk as a row of its own than to join it with others.
    c_large constant integer := 8192;
    s streams;
    v_now timestamptz := statement_timestamp();
    v_fork_at bigint;
    v_source bigint;
    v_ids bigint[];
    v_ends bigint[];
    v_id bigint;
    v_from bigint;
    v_to bigint;
    v_reach bigint;
    v_left bigint := p_max;
    v_size bigint;
    v_step bigint;
    v_first bigint;
    v_first_size integer;
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

    -- Goes up to the source that has the start, and then down again until there is enough.
    v_ids := array[s.id];
    v_ends := array[least(tail, p_to)];
    v_fork_at := s.fork_at;
    v_source := s.source_id;
    while start < v_fork_at loop
        v_ids := v_source || v_ids;
        v_ends := least(v_ends[1], v_fork_at) || v_ends;
        select x.fork_at, x.source_id into v_fork_at, v_source from streams x where x.id = v_source;
    end loop;
    v_from := start;
    for i in 1 .. cardinality(v_ids) loop
        continue when v_from >= v_ends[i];
        v_id := v_ids[i];
        select x.reach, x.size into v_reach, v_size
            from stream_reach(v_id, is_json, v_from, v_ends[i], v_left::integer) x;
        v_step := case
            when v_size <= c_part then v_reach - v_from
            when is_json then greatest((v_reach - v_from) * c_part / v_size, 1)
            else c_part end;
        -- Not a FOR loop, because that counts in 32 bits.
        while v_from < v_reach loop
            v_to := least(v_from + v_step, v_reach);
            select c.position, octet_length(c.data) into v_first, v_first_size
                from chunks c where c.stream_id = v_id and c.position <= v_from order by c.position desc limit 1;
            if v_first_size >= c_large then
                return query
                    select presence, id, content_type, is_json, tail, closed, ttl_seconds, expires_at, must_touch,
                        p.start, p.next, null::bigint, p.data
                    from chunk_slices(v_id, is_json, v_first, v_from, v_to) p;
            else
                return query
                    select presence, id, content_type, is_json, tail, closed, ttl_seconds, expires_at, must_touch,
                        v_from, v_to,
                        case when is_json
                            then coalesce(stream_bytes_before(v_id, v_to) - stream_bytes_before(v_id, v_from) - 1, -1)
                            else v_to - v_from end,
                        coalesce(string_agg(p.data, case when is_json then ','::bytea else '' end), '')
                    from chunk_slices(v_id, is_json, v_first, v_from, v_to) p;
            end if;
            v_from := v_to;
        end loop;
        v_left := v_left - v_size;
        exit when v_from < v_ends[i] or v_left <= 0 or v_size = 0;
    end loop;
end $$;
