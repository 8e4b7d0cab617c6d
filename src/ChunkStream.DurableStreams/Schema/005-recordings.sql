-- Recordings of generators. A recording is a stream that one process fills, and nobody else: what stream_append takes
-- from others would be read as items, and a stream that others close as complete. Anybody can tell whether that process
-- is still alive, because a stream that nobody will ever close must not look like one that goes on.

create table recordings (
    stream_id bigint primary key references streams on delete cascade,
    -- Who records.
    recorder uuid not null,
    -- What is recorded: the generator's parameters.
    subject text not null,
    -- Until when the recorder is believed to be alive. It extends this every few seconds.
    alive_until timestamptz not null,
    -- When a reader of another process than the recorder's was last seen.
    read_at timestamptz,
    -- Why the recording ended before its end: failed, limit_reached, stopped. Null while it goes on, and if it is
    -- complete, in which case the stream is closed.
    cut text
);

-- Why the recording has ended before its end, as far as is known now; null if it goes on or is complete.
create function recording_cut(r recordings, p_closed boolean, p_now timestamptz) returns text
language sql immutable parallel safe
return coalesce((r).cut, case when not p_closed and (r).alive_until < p_now then 'abandoned' end);

-- Finds a recording, or creates it if p_may_create. Status: created (the caller has to record, also if it asks again),
-- exists, differs (it is a recording of something else), taken (a stream that is not a recording), gone, missing.
create function recording_begin(
    p_path text, p_content_type text, p_is_json boolean, p_recorder uuid, p_subject text, p_ttl_seconds bigint,
    p_lease_seconds double precision, p_may_create boolean)
returns table (
    status text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz, cut text)
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
    r recordings;
    v_status text;
begin
    loop
        select * into s from streams x where x.path = p_path;
        if s.id is not null
            and not stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, clock_timestamp()) then
            select * into r from recordings x where x.stream_id = s.id;
            status := case when not found then 'taken'
                when r.recorder = p_recorder then 'created'
                when r.subject <> p_subject then 'differs'
                else 'exists' end;
            exit;
        elsif not p_may_create then
            status := 'missing';
            return next;
            return;
        end if;

        select c.status into v_status from stream_create(
            p_path, p_content_type, p_is_json, '{}', false, p_ttl_seconds, null, null, null, null) c;
        if v_status = 'created' then
            update streams x set is_recording = true where x.path = p_path returning * into s;
            insert into recordings (stream_id, recorder, subject, alive_until)
                values (s.id, p_recorder, p_subject, clock_timestamp() + p_lease_seconds * interval '1 second');
        elsif v_status = 'path_gone' then
            status := 'gone';
            return next;
            return;
        end if;
        -- If somebody else was faster, the next round sees what they have created.
    end loop;

    select * into tail from stream_end(s);
    id := s.id;
    content_type := s.content_type;
    is_json := s.is_json;
    closed := s.closed;
    ttl_seconds := s.ttl_seconds;
    expires_at := s.expires_at;
    cut := recording_cut(r, s.closed, clock_timestamp());
    return next;
end $$;

-- The state of a recording. This also tells its recorder that it has a reader.
create function recording_look(p_id bigint)
returns table (is_over boolean, tail bigint, closed boolean, cut text)
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
    r recordings;
    v_now timestamptz := clock_timestamp();
begin
    -- Not for each of many readers, but much more often than the time for which recorders believe that readers are
    -- there.
    update recordings x set read_at = v_now
        where x.stream_id = p_id and (x.read_at is null or x.read_at < v_now - interval '0.1 second');
    -- The recording is read before its stream, so that all data from before a cut are seen with it.
    select * into r from recordings x where x.stream_id = p_id;
    select * into s from streams x where x.id = p_id;
    is_over := s.id is null or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now);
    closed := coalesce(s.closed, false);
    cut := recording_cut(r, closed, v_now);
    if s.id is not null then
        select * into tail from stream_end(s);
    end if;
    return next;
end $$;

-- Notes that the recorder of some recordings is alive. Returns which of them are deleted or have expired, and how long
-- ago readers of other processes were last seen.
create function recording_renew(p_ids bigint[], p_lease_seconds double precision)
returns table (id bigint, is_over boolean, unread_seconds double precision)
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
    -- Without this, a recording would expire while its generator is silent for longer than the time to live.
    perform stream_touch(p_ids, v_now);
    update recordings x set alive_until = v_now + p_lease_seconds * interval '1 second' where x.stream_id = any (p_ids);
    return query
        select i.id,
            s.id is null or stream_is_over(s.deleted_at, s.expires_at, s.ttl_seconds, s.touched_at, v_now),
            extract(epoch from v_now - r.read_at)::double precision
        from unnest(p_ids) i (id) left join streams s on s.id = i.id left join recordings r on r.stream_id = i.id;
end $$;

-- Notes that a recording has ended before its end.
create function recording_end(p_id bigint, p_cut text) returns void
language sql
set search_path = chunkstream, pg_temp
as $$ update recordings set cut = p_cut where stream_id = p_id and cut is null $$;
