-- Runs. A name may have one recording after another, such as the answers of a chat, but only one at a time: these are
-- its runs. Each run is a recording with a stream of its own, at the name's prefix and a number of 19 digits that
-- grows. So a recorder that was believed dead, and goes on after all, can never write into the stream of a later run.

-- When somebody has asked for the end of a recording. Its recorder looks for this.
alter table recordings add column stop_asked_at timestamptz;

-- It is missing in tables that an early build made.
alter table streams add column if not exists is_recording boolean not null default false;

-- The newest run of a name, also if it has ended. Null if there is none.
create function recording_newest_run(p_prefix text, p_now timestamptz) returns streams
language plpgsql stable
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    s streams;
begin
    -- In the order of bytes a colon comes after the digits.
    select x.* into s from streams x
        where x.path > p_prefix collate "C" and x.path < (p_prefix || ':') collate "C"
            and right(x.path, -length(p_prefix)) ~ '^[0-9]{19}$'
            and not stream_is_over(x.deleted_at, x.expires_at, x.ttl_seconds, x.touched_at, p_now)
            and exists (select from recordings r where r.stream_id = x.id)
        order by x.path collate "C" desc limit 1;
    return s;
end $$;

-- A run, as its readers and its recorder need it.
create type recording_run as (
    status text, id bigint, content_type text, is_json boolean, tail bigint, closed boolean, ttl_seconds bigint,
    expires_at timestamptz, cut text, path text);

create function recording_run_of(p_status text, s streams, r recordings, p_now timestamptz) returns recording_run
language sql
set search_path = chunkstream, pg_temp
as $$
    select p_status, s.id, s.content_type, s.is_json, e.o_tail, s.closed, s.ttl_seconds, s.expires_at,
        recording_cut(r, s.closed, p_now), s.path
    from stream_end(s) e
$$;

-- Finds the run of a name that goes on, or creates the next one if p_may_create. Status: created (the caller has to
-- record, also if it asks again), exists, differs (a run of something else goes on), taken (a stream that is not a
-- recording), missing.
create function recording_begin_run(
    p_prefix text, p_content_type text, p_is_json boolean, p_recorder uuid, p_subject text, p_ttl_seconds bigint,
    p_lease_seconds double precision, p_may_create boolean)
returns recording_run
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    s streams;
    r recordings;
    v_now timestamptz;
    v_path text;
    v_status text;
begin
    -- One after another for each name: of two that come together, the second finds what the first has begun. The second
    -- number keeps these locks apart from others.
    perform pg_advisory_xact_lock(hashtextextended(p_prefix, 8315161613721));
    v_now := clock_timestamp();
    s := recording_newest_run(p_prefix, v_now);
    if s.id is not null then
        select * into r from recordings x where x.stream_id = s.id;
        -- A recorder that has been asked to stop, and has not done so for seconds, does not hold up the next run.
        v_status := case when r.recorder = p_recorder then 'created'
            when s.closed or recording_cut(r, s.closed, v_now) is not null
                or coalesce(r.stop_asked_at < v_now - interval '3 seconds', false) then null
            when r.subject <> p_subject then 'differs'
            else 'exists' end;
    end if;

    if v_status is null and not p_may_create then
        return recording_run_of('missing', null, null, v_now);
    elsif v_status is null then
        -- From now on the recorder of the last run is known to be replaced, whatever it thinks of itself.
        update recordings x set cut = 'abandoned' where x.stream_id = s.id and x.cut is null and not s.closed;
        v_path := p_prefix || lpad(greatest(
            (extract(epoch from v_now) * 1000000)::bigint, right(s.path, 19)::bigint + 1)::text, 19, '0');
        select c.status into v_status from stream_create(
            v_path, p_content_type, p_is_json, '{}', false, p_ttl_seconds, null, null, null, null) c;
        if v_status <> 'created' then
            return recording_run_of('taken', null, null, v_now);
        end if;
        update streams x set is_recording = true where x.path = v_path returning * into s;
        insert into recordings (stream_id, recorder, subject, alive_until)
            values (s.id, p_recorder, p_subject, v_now + p_lease_seconds * interval '1 second')
            returning * into r;
    end if;
    return recording_run_of(v_status, s, r, v_now);
end $$;

-- The newest run of a name, also if it has ended. Status: exists, missing.
create function recording_find_run(p_prefix text) returns recording_run
language plpgsql
set search_path = chunkstream, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    s streams;
    r recordings;
    v_now timestamptz := clock_timestamp();
begin
    s := recording_newest_run(p_prefix, v_now);
    select * into r from recordings x where x.stream_id = s.id;
    -- Once more, after the recording was read, so that all data from before its cut are seen with it.
    select * into s from streams x where x.id = s.id;
    return recording_run_of(case when s.id is null then 'missing' else 'exists' end, s, r, v_now);
end $$;

-- Asks for the end of a recording.
create function recording_ask_to_stop(p_id bigint) returns void
language sql
set search_path = chunkstream, pg_temp
as $$
    update recordings set stop_asked_at = clock_timestamp()
        where stream_id = p_id and stop_asked_at is null and cut is null
$$;

-- Which of some recordings are to end, and whether that is because a later run has replaced them.
create function recording_stops(p_ids bigint[])
returns table (id bigint, is_replaced boolean)
language sql stable
set search_path = chunkstream, pg_temp
as $$
    select r.stream_id, r.cut is not null from recordings r
        where r.stream_id = any (p_ids) and (r.stop_asked_at is not null or r.cut is not null)
$$;
