using Npgsql;
using NpgsqlTypes;
using static ChunkStream.DurableStreams.Store.SqlParameter;

namespace ChunkStream.DurableStreams.Store;

/// <summary>The schema's functions as methods: each call is one round trip and one transaction.</summary>
internal sealed class StreamFunctions(SqlCalls calls)
{
    /// <summary>See <see cref="DurableStore.CreateAsync"/>.</summary>
    public Task<CreateResult> CreateAsync(CreateStream create, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.stream_create($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                Text(create.Path), Text(create.ContentType), Of(create.IsJson), Parts(create.Content.Where(part => !part.IsEmpty)),
                Of(create.Closed), Number(create.TtlSeconds), Instant(create.ExpiresAt), Text(create.Fork?.SourcePath),
                Number(create.Fork?.Position), Number(create.Fork?.SubOffset),
            ],
            async (reader, asked) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                var status = StatusNames<CreateStatus>.Parse(reader.GetString(0));
                return new CreateResult(status, status is CreateStatus.Created or CreateStatus.Exists ? reader.ReadStream(asked) : null);
            },
            mayRepeat: false,
            cancellation);

    /// <summary>Appends to one stream, in this order and in one transaction.</summary>
    /// <returns>The stream's number, unless there is none; and the outcome of each.</returns>
    public Task<(long? Id, AppendResult[] Results)> AppendAsync(IReadOnlyList<AppendToStream> appends, long maxBytes, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.stream_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                Text(appends[0].Path),
                Array(NpgsqlDbType.Text, appends, append => append.ContentType),
                Array(NpgsqlDbType.Integer, appends, append => append.Content.Count(part => !part.IsEmpty)),
                Parts(appends.SelectMany(append => append.Content).Where(part => !part.IsEmpty)),
                Array(NpgsqlDbType.Boolean, appends, append => append.Close),
                Of(maxBytes),
                ArrayOrNull(NpgsqlDbType.Text, appends, append => append.Sequence),
                ArrayOrNull(NpgsqlDbType.Text, appends, append => append.Producer?.Id),
                ArrayOrNull(NpgsqlDbType.Bigint, appends, append => append.Producer?.Epoch),
                ArrayOrNull(NpgsqlDbType.Bigint, appends, append => append.Producer?.Sequence),
            ],
            async (reader, _) =>
            {
                var id = (long?)null;
                var results = new AppendResult[appends.Count];
                for (var i = 0; i < results.Length; i++)
                {
                    await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                    var status = StatusNames<AppendStatus>.Parse(reader.GetString(0));
                    id = reader.NullableInt64(1);
                    results[i] = new AppendResult(
                        status,
                        reader.NullableInt64(2) ?? 0,
                        !reader.IsDBNull(3) && reader.GetBoolean(3),
                        reader.NullableInt64(4),
                        reader.NullableInt64(5));
                }

                return (id, results);
            },
            mayRepeat: false,
            cancellation);

    /// <summary>See <see cref="DurableStore.HeadAsync"/>.</summary>
    public Task<(Presence Presence, DurableStream? Stream)> HeadAsync(string path, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.stream_head($1)",
            [Text(path)],
            async (reader, asked) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                var presence = StatusNames<Presence>.Parse(reader.GetString(0));
                return (presence, presence is Presence.Present ? reader.ReadStream(asked) : null);
            },
            mayRepeat: true,
            cancellation);

    /// <summary>See <see cref="DurableStore.ReadAsync"/>.</summary>
    public Task<StoredSegment> ReadAsync(string path, long? from, int maxBytes, CancellationToken cancellation)
        => ReadAsync(path, null, from, null, maxBytes, cancellation);

    /// <summary>See <see cref="DurableStore.ReadOnAsync(long, long, long, int, CancellationToken)"/>; null: to the tail.</summary>
    public Task<StoredSegment> ReadOnAsync(long id, long from, long? to, int maxBytes, CancellationToken cancellation)
        => ReadAsync(null, id, from, to, maxBytes, cancellation);

    /// <summary>See <see cref="DurableStore.ReadOnAsync(long, long, long, int, SegmentBuffer, CancellationToken)"/>.</summary>
    public Task<StoredSegment> ReadOnAsync(long id, long from, long to, int maxBytes, SegmentBuffer buffer, CancellationToken cancellation)
        => ReadAsync(null, id, from, to, maxBytes, buffer, cancellation);

    /// <summary>See <see cref="DurableStore.DeleteAsync"/>.</summary>
    public Task<(Presence Presence, long? Id)> DeleteAsync(string path, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.stream_delete($1)",
            [Text(path)],
            async (reader, _) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                return (StatusNames<Presence>.Parse(reader.GetString(0)), reader.NullableInt64(1));
            },
            mayRepeat: false,
            cancellation);

    /// <summary>How far some streams are. Counts as reading them.</summary>
    public Task<List<(long Id, long Tail, bool IsClosed, bool IsOver)>> LookAsync(IEnumerable<long> ids, CancellationToken cancellation)
        => calls.RunAsync(
            "select id, coalesce(tail, 0), coalesce(closed, false), is_over from chunkstream.stream_look($1)",
            [new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint, Value = ids.ToArray() }],
            async (reader, _) =>
            {
                var streams = new List<(long, long, bool, bool)>();
                while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                    streams.Add((reader.GetInt64(0), reader.GetInt64(1), reader.GetBoolean(2), reader.GetBoolean(3)));
                return streams;
            },
            mayRepeat: true,
            cancellation);

    /// <summary>One round of the sweep.</summary>
    /// <returns>How much it has done; 0: nothing was due.</returns>
    public Task<int> SweepAsync(int streams, int chunks, CancellationToken cancellation)
        => calls.RunAsync(
            "select chunkstream.stream_sweep($1, $2)",
            [Of(streams), Of(chunks)],
            async (reader, _) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                return reader.GetInt32(0);
            },
            mayRepeat: true,
            cancellation);

    private async Task<StoredSegment> ReadAsync(string? path, long? id, long? from, long? to, int maxBytes, CancellationToken cancellation)
    {
        using var buffer = new SegmentBuffer();
        var stored = await ReadAsync(path, id, from, to, maxBytes, buffer, cancellation).ConfigureAwait(false);
        return stored with { Data = stored.Data.ToArray() };
    }

    private async Task<StoredSegment> ReadAsync(
        string? path, long? id, long? from, long? to, int maxBytes, SegmentBuffer buffer, CancellationToken cancellation)
    {
        var (stored, mustTouch) = await calls.RunAsync(
            "select * from chunkstream.stream_read($1, $2, $3, $4, $5)",
            [Text(path), Number(id), Number(from), Number(to), Of(maxBytes)],
            (reader, asked) => ReadSegmentAsync(reader, asked, from, buffer, cancellation),
            mayRepeat: true,
            cancellation).ConfigureAwait(false);

        // Now and then: the time to live begins anew at most twenty times in its own length. What was given to a reader is there for
        // that long; where it expired before that could be said, it was not there.
        if (mustTouch && await LookAsync([stored.Stream!.Id], cancellation).ConfigureAwait(false) is [{ IsOver: true }])
            return await ReadAsync(path, id, from, to, maxBytes, buffer, cancellation).ConfigureAwait(false);
        return stored;
    }

    private static async Task<(StoredSegment Segment, bool MustTouch)> ReadSegmentAsync(
        NpgsqlDataReader reader, long asked, long? from, SegmentBuffer buffer, CancellationToken cancellation)
    {
        if (!await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
            throw new InvalidDataException($"A stream has nothing at position {from}, but should go on there.");
        var presence = StatusNames<Presence>.Parse(reader.GetString(0));
        if (presence is not Presence.Present)
            return (new StoredSegment(presence, null, from ?? 0, from ?? 0, default), false);

        var info = reader.ReadStream(asked);
        var mustTouch = reader.GetBoolean(8);
        var start = reader.GetInt64(9);
        var next = from ?? start;
        buffer.Clear();
        await AddAsync(start).ConfigureAwait(false);
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            if (info.IsJson)
                buffer.Add((byte)',');
            await AddAsync(reader.GetInt64(9)).ConfigureAwait(false);
        }

        return (new StoredSegment(presence, info, start, next, buffer.Data), mustTouch);

        async ValueTask AddAsync(long position)
        {
            if (position != next)
                throw Missing(next, position);
            next = reader.GetInt64(10);
            if (next == position)
                return;
            var size = reader.NullableInt64(11);
            var data = await reader.GetStreamAsync(12, CancellationToken.None).ConfigureAwait(false);
            await using (data.ConfigureAwait(false))
            {
                if (data.Length != (size ?? data.Length))
                    throw Missing(position, next);
                await buffer.AddAsync(data, cancellation).ConfigureAwait(false);
            }
        }

        InvalidDataException Missing(long position, long end)
            => new($"Stream {info.Id} should go on from position {position} to {end}, but data are missing there.");
    }

    private static NpgsqlParameter Parts(IEnumerable<ReadOnlyMemory<byte>> parts)
        => new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea, Value = parts.ToArray() };

    private static NpgsqlParameter Array<T>(NpgsqlDbType type, IReadOnlyList<AppendToStream> appends, Func<AppendToStream, T> part)
        => new() { NpgsqlDbType = NpgsqlDbType.Array | type, Value = appends.Select(part).ToArray() };

    private static NpgsqlParameter ArrayOrNull<T>(NpgsqlDbType type, IReadOnlyList<AppendToStream> appends, Func<AppendToStream, T?> part)
        => appends.Any(append => part(append) is not null)
            ? Array(type, appends, part)
            : new() { NpgsqlDbType = NpgsqlDbType.Array | type, Value = DBNull.Value };
}
