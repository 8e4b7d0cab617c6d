-- Appending to streams.

-- Adds messages, or bytes, at the end of a stream, which the caller has locked. p_tail is the end, and p_bytes the
-- number of bytes before it. A chunk is full at 32 KiB, so that an event for a live reader can end where a chunk ends;
-- or at 500 messages, whose ends fill most of a page.
create function stream_store(
    p_id bigint, p_is_json boolean, p_tail bigint, p_bytes bigint, p_messages bytea[]) returns void
language plpgsql
as $$
declare
    v_separator bytea := case when p_is_json then ',' else '' end;
    v_some bytea[] := '{}';
    v_ends integer[] := '{}';
    v_size integer := 0;
begin
    -- The messages are taken one by one. To cut parts out of the array of all of them would copy them.
    for n in 1 .. cardinality(p_messages) loop
        v_some := v_some || p_messages[n];
        v_size := v_size + octet_length(p_messages[n]) + octet_length(v_separator);
        v_ends := v_ends || v_size;
        continue when v_size < 32768 and cardinality(v_ends) < 500 and n < cardinality(p_messages);
        insert into chunks (stream_id, position, units, byte_at, data, ends)
        values (
            p_id, p_tail, case when p_is_json then cardinality(v_ends) else v_size end, p_bytes,
            case when cardinality(v_some) = 1 then v_some[1]
                else (select string_agg(m, v_separator) from unnest(v_some) m) end,
            case when p_is_json and cardinality(v_ends) > 1 then v_ends end);
        p_tail := p_tail + case when p_is_json then cardinality(v_ends) else v_size end;
        p_bytes := p_bytes + v_size;
        v_some := '{}';
        v_ends := '{}';
        v_size := 0;
    end loop;
end $$;

-- Makes several appends to one stream, one after another in one transaction. Each has an outcome of its own. All arrays
-- have one element for each append, except p_messages, which has the messages of all appends: p_counts says how many
-- belong to each. The arrays from p_sequences on are null if no append has such a value. Status: appended, duplicate,
-- missing, gone, closed, not_the_recorder, content_type_differs, stale_epoch, epoch_not_at_zero, sequence_gap,
-- sequence_regression, stream_full.
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
            x.is_recording, x.ttl_seconds, x.touched_at, x.fork_at, x.fork_bytes,
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
    -- This statement's snapshot was taken after the lock, so nobody else has appended since.
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
        elsif (case when s.is_recording then v_producer is distinct from recorder_of(s.id)
            else v_producer ^@ E'\x01' end) then
            -- Also a recorder whose stream was deleted, and whose path another stream has now.
            status := 'not_the_recorder';
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
            -- Whatever is not null in the end is stored with one call.
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
