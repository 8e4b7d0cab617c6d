-- Keeping a log: the lease of its triggers, its generations, its rotation. The functions are called from time to time,
-- each as the only statement of a "read committed" transaction. Of several instances that call at once, one acts.

-- Lets the triggers write for so many seconds more, and begins a generation where changes may have been missed.
-- Gives 'ok'; 'again' if it has to be called once more; 'busy' if another one does the same now; 'held' if the log is
-- too large and can't be emptied, because a transaction still runs that wrote to it; 'install' if triggers are missing,
-- 'gone' if the watch is.
create function chunkstream_live.renew(p_watch integer, p_lease_seconds integer, p_bytes bigint) returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    w chunkstream_live.watch;
    v_state bigint;
    v_slot integer;
begin
    perform chunkstream_live.check_keeping();
    if not pg_try_advisory_xact_lock(1667788140, p_watch) then
        return 'busy';
    end if;
    select * into w from chunkstream_live.watch x where x.id = p_watch;
    if w.id is null or not exists (select from pg_class c where c.oid = w.relation) then
        return 'gone';
    elsif chunkstream_live.find(w.relation, w.columns) is distinct from w.id then
        return 'install';
    end if;
    v_state := pg_sequence_last_value(to_regclass('chunkstream_live.state_' || p_watch));
    if not chunkstream_live.has_gap(w) and chunkstream_live.structure(w.id, w.relation) = w.structure then
        perform setval(format('chunkstream_live.state_%s', p_watch),
            chunkstream_live.state(w.generation, p_lease_seconds, v_state & 3));
        return 'ok';
    end if;

    -- First the triggers write again, in the state of a new generation. The generation begins in a transaction after
    -- that, whose number is then greater than that of any writer that was skipped before.
    if coalesce(v_state >> 36 <= w.generation, true)
        or (v_state & 68719476735) >> 2 < date_part('epoch', clock_timestamp())::bigint then
        v_slot := chunkstream_live.slot_with_room(w.id, v_state & 3, p_bytes);
        if v_slot is null then
            return 'held';
        end if;
        perform setval(format('chunkstream_live.state_%s', p_watch),
            chunkstream_live.state(greatest(w.generation, v_state >> 36) + 1 + floor(random() * 100)::bigint,
                p_lease_seconds, v_slot));
        return 'again';
    end if;

    -- A generation that was told to readers has to survive a crash.
    perform set_config('synchronous_commit', 'on', true);
    update chunkstream_live.watch x set
        generation = v_state >> 36,
        since = pg_current_xact_id(),
        skipped = coalesce(pg_sequence_last_value(to_regclass('chunkstream_live.skipped_' || p_watch)), 0),
        structure = v.structure,
        slot_since = clock_timestamp()
        from chunkstream_live.structure(w.id, w.relation) v (structure)
        where x.id = p_watch and v.structure is not null;
    return case when found then 'ok' else 'install' end;
end $$;

-- Removes what is older than the retention, and begins the next slot. There are three: the present one, the one before,
-- and one that is emptied before it becomes the present one. So what is logged stays for two to three turns.
-- Gives 'rotated' or 'again' (call it once more), null if it is not time, 'held' if a transaction still runs that wrote
-- to the slot that is to be emptied, and 'stopped' if the log was so large that its triggers write no more.
create function chunkstream_live.rotate(p_watch integer, p_turn_seconds integer, p_turn_bytes bigint) returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    w chunkstream_live.watch;
    v_state bigint;
    v_slot integer;
    v_next integer;
    v_bytes bigint;
    v_is_empty boolean;
begin
    perform chunkstream_live.check_keeping();
    if not pg_try_advisory_xact_lock(1667788140, p_watch) then
        return null;
    end if;
    select * into w from chunkstream_live.watch x where x.id = p_watch;
    v_state := pg_sequence_last_value(to_regclass('chunkstream_live.state_' || p_watch));
    if w.id is null or v_state is null or v_state >> 36 <> w.generation then
        return null;
    end if;
    v_slot := v_state & 3;
    v_next := (v_slot + 1) % 3;
    v_bytes := pg_total_relation_size(format('chunkstream_live.log_%s_%s', p_watch, v_slot)::regclass);
    if v_bytes < p_turn_bytes and w.slot_since + make_interval(secs => p_turn_seconds) > clock_timestamp() then
        return null;
    end if;

    -- The slot is emptied in one transaction and taken in the next, so that no writer waits for the first.
    execute format('select not exists (select from chunkstream_live.log_%s_%s)', p_watch, v_next) into v_is_empty;
    if v_is_empty then
        perform setval(format('chunkstream_live.state_%s', p_watch), (v_state & ~3::bigint) | v_next);
        update chunkstream_live.watch x set slot_since = clock_timestamp() where x.id = p_watch;
        return 'rotated';
    elsif chunkstream_live.cut(p_watch, v_next) then
        return 'again';
    elsif v_bytes < 4 * p_turn_bytes then
        return 'held';
    end if;
    perform setval(format('chunkstream_live.state_%s', p_watch), ((w.generation + 1) << 36) | v_slot);
    return 'stopped';
end $$;

-- Empties a slot, and notes which positions need what was in it. Gives false if a transaction still runs that wrote to
-- it. It waits for readers, whose transactions are short, and other readers wait behind it for as long.
create function chunkstream_live.cut(p_watch integer, p_slot integer) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_slot text := format('chunkstream_live.log_%s_%s', p_watch, p_slot);
    v_xid xid8;
begin
    begin
        perform set_config('lock_timeout', '100ms', true);
        execute format('lock table %s in access exclusive mode', v_slot);
    exception when lock_not_available or deadlock_detected then
        return false;
    end;

    -- All transactions of which there is something in the slot are over: a writer holds a lock on it to its end. So
    -- each statement from here on, which has a snapshot of its own, sees them as finished.
    execute format('select l.xid from %s l order by l.xid desc limit 1', v_slot) into v_xid;
    if v_xid is not null then
        update chunkstream_live.watch x set
            cut_xid = greatest(x.cut_xid, v_xid), cut_snapshot = pg_current_snapshot()
            where x.id = p_watch;
    end if;
    execute format('truncate %s', v_slot);
    return true;
end $$;

-- A slot for a new generation: the present one if there is room, or else another that can be emptied.
create function chunkstream_live.slot_with_room(p_watch integer, p_present bigint, p_bytes bigint) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_present integer := coalesce(p_present, 0);
begin
    if pg_total_relation_size(format('chunkstream_live.log_%s_%s', p_watch, v_present)::regclass) < p_bytes then
        return v_present;
    end if;
    for v_slot in v_present + 1..v_present + 2 loop
        if chunkstream_live.cut(p_watch, v_slot % 3) then
            return v_slot % 3;
        end if;
    end loop;
    return null;
end $$;

-- Keeping a log depends on what other transactions have done up to now.
create function chunkstream_live.check_keeping() returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_isolation') <> 'read committed'
        or pg_current_xact_id_if_assigned() is not null then
        raise exception 'A log is kept by single statements in "read committed" transactions.'
            using errcode = 'invalid_transaction_state';
    end if;
end $$;
