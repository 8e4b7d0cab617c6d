-- Capability URLs that are made in the database: the token is the same as the app makes (Capabilities.cs), a JWT that
-- is signed with HMAC-SHA-256. Postgres has SHA-256 built in, and HMAC (RFC 2104) is made of it, so no extension is
-- needed.

create function hmac_sha256(p_key bytea, p_data bytea) returns bytea
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
declare
    v_key bytea := case when length(p_key) > 64 then sha256(p_key) else p_key end;
    v_inner bytea := decode(repeat('36', 64), 'hex');
    v_outer bytea := decode(repeat('5c', 64), 'hex');
begin
    for i in 0 .. length(v_key) - 1 loop
        v_inner := set_byte(v_inner, i, get_byte(v_inner, i) # get_byte(v_key, i));
        v_outer := set_byte(v_outer, i, get_byte(v_outer, i) # get_byte(v_key, i));
    end loop;
    return sha256(v_outer || sha256(v_inner || p_data));
end $$;

create function base64url(p_data bytea) returns text
language sql immutable strict
set search_path = pg_catalog, pg_temp
as $$ select translate(encode(p_data, 'base64'), E'+/=\n', '-_') $$;

-- The token for a stream, or for all streams below a prefix, if the path ends with a slash.
create function capability(key text, path text, operations text[], seconds integer) returns text
language plpgsql
set search_path = chunkstream, pg_temp
as $$
declare
    v_path text := path;
    v_name text := rtrim(path, '/');
    v_ends bigint := extract(epoch from clock_timestamp())::numeric + seconds;
    v_signed text;
begin
    if coalesce(octet_length(convert_to(btrim(key), 'UTF8')), 0) < 32 then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'The key must be that of the setting ChunkStream:Streams:CapabilityKey, of 32 bytes or more.';
    elsif coalesce(v_name, '') = '' or length(v_path) > length(v_name) + 1
        or octet_length(convert_to(v_name, 'UTF8')) > 1024
        or v_name ~ '[\x01-\x1f\x7f-\x9f]' or v_name ~ '%[0-9A-Fa-f]{2}'
        or v_name ~ '^/|//' or v_name ~ '(^|/)\.\.?(/|$)' or v_name ~ '^__ds(/|$)' then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = format('This is neither a stream''s path nor what paths begin with: "%s".', v_path);
    elsif coalesce(cardinality(operations), 0) = 0
        or not coalesce(operations <@ array['read', 'append', 'create', 'close', 'delete'], false)
        or array_position(operations, null) is not null then
        raise exception using
            errcode = 'invalid_parameter_value',
            message = 'The operations must be some of read, append, create, close, delete.';
    elsif seconds is null or seconds not between 1 and 31536000 then
        raise exception using
            errcode = 'invalid_parameter_value', message = 'The seconds must be from 1 to 31536000.';
    end if;

    v_signed := base64url(convert_to('{"alg":"HS256","typ":"chunkstream-capability+jwt"}', 'UTF8')) || '.'
        || base64url(convert_to(json_build_object(
            'iss', 'chunkstream',
            'aud', 'durable-streams',
            case when v_path = v_name then 'path' else 'prefix' end, v_path,
            'ops', operations,
            'exp', v_ends,
            'by', 'sql ' || session_user)::text, 'UTF8'));
    return v_signed || '.' || base64url(hmac_sha256(convert_to(key, 'UTF8'), convert_to(v_signed, 'UTF8')));
end $$;
