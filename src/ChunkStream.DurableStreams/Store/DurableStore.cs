using Npgsql;
using NpgsqlTypes;
using static ChunkStream.DurableStreams.Store.SqlParameter;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// The streams in Postgres: the schema's SQL functions as methods. Each call is one round trip and one transaction.
/// What it found, or why the database did not do it, is a result; only what is broken is an exception.
/// </summary>
internal sealed class DurableStore(SqlCalls calls)
{
    /// <summary>Creates a stream, with its first content, unless it is there.</summary>
    public Task<CreateResult> CreateAsync(CreateStream create, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.stream_create($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                Text(create.Path), Text(create.ContentType), Create(create.IsJson),
                Parts(create.Content.Where(part => !part.IsEmpty)),
                Create(create.Closed), Number(create.TtlSeconds), Instant(create.ExpiresAt),
                Text(create.Fork?.SourcePath), Number(create.Fork?.Position), Number(create.Fork?.SubOffset),
            ],
            async (reader, asked) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                var status = StatusNames<CreateStatus>.Parse(reader.GetString(0));
                var isThere = status is CreateStatus.Created or CreateStatus.Exists;
                return new CreateResult(status, isThere ? reader.ReadStream(asked) : null);
            },
            mayRepeat: false,
            cancellation);

    /// <summary>Appends to one stream, in this order and in one transaction.</summary>
    /// <param name="appends">All of them to the same stream.</param>
    /// <param name="maxBytes">How large the stream may become.</param>
    /// <param name="cancellation">When it is cancelled, the call ends.</param>
    public Task<AppendResults> AppendAsync(
        IReadOnlyList<AppendToStream> appends, long maxBytes, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.stream_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                Text(appends[0].Path),
                Array(NpgsqlDbType.Text, appends, append => append.ContentType),
                Array(NpgsqlDbType.Integer, appends, append => append.Content.Count(part => !part.IsEmpty)),
                Parts(appends.SelectMany(append => append.Content).Where(part => !part.IsEmpty)),
                Array(NpgsqlDbType.Boolean, appends, append => append.Close),
                Create(maxBytes),
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

                return new AppendResults(id, results);
            },
            mayRepeat: false,
            cancellation);

    /// <summary>The stream at a path. This does not count as a read for its time to live.</summary>
    public Task<FoundStream> HeadAsync(string path, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.stream_head($1)",
            [Text(path)],
            async (reader, asked) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                var presence = StatusNames<Presence>.Parse(reader.GetString(0));
                return new FoundStream(presence, presence is Presence.Present ? reader.ReadStream(asked) : null);
            },
            mayRepeat: true,
            cancellation);

    /// <summary>The stream at a path and a segment of it, as a client's read: its time to live begins anew.</summary>
    /// <param name="path">Checked before.</param>
    /// <param name="from">Where to begin; null: at the tail.</param>
    /// <param name="maxBytes">
    /// About how many bytes at most. At least one byte or message is given where there is one.
    /// </param>
    /// <param name="cancellation">When it is cancelled, the call ends.</param>
    public Task<StoredSegment> ReadAsync(string path, long? from, int maxBytes, CancellationToken cancellation)
        => ReadAsync(new ReadCall(path, null, from, null, maxBytes), cancellation);

    /// <summary>A later segment of the same stream, by its number: for responses that go on.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="to">
    /// Where to end at the latest, a position at which a byte or message ends; null: at the tail.
    /// </param>
    /// <param name="maxBytes">
    /// About how many bytes at most. At least one byte or message is given where there is one.
    /// </param>
    /// <param name="cancellation">When it is cancelled, the call ends.</param>
    public Task<StoredSegment> ReadOnAsync(long id, long from, long? to, int maxBytes, CancellationToken cancellation)
        => ReadAsync(new ReadCall(null, id, from, to, maxBytes), cancellation);

    /// <summary>The same, into memory that is used for one segment after another.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="to">Where to end at the latest, a position at which a byte or message ends.</param>
    /// <param name="maxBytes">
    /// About how many bytes at most. At least one byte or message is given where there is one.
    /// </param>
    /// <param name="buffer">Holds the segment's data until the next call with it.</param>
    /// <param name="cancellation">When it is cancelled, the call ends.</param>
    public Task<StoredSegment> ReadOnAsync(
        long id, long from, long to, int maxBytes, SegmentBuffer buffer, CancellationToken cancellation)
        => ReadAsync(new ReadCall(null, id, from, to, maxBytes), buffer, cancellation);

    /// <summary>
    /// Deletes a stream. For clients it is gone at once. Its data go later, and stay as long as it has forks. The
    /// caller must tell those who wait for more of it, see <see cref="IChangeSink"/>.
    /// </summary>
    public Task<DeletedStream> DeleteAsync(string path, CancellationToken cancellation)
        => calls.RunAsync(
            "select * from chunkstream.stream_delete($1)",
            [Text(path)],
            async (reader, _) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                return new DeletedStream(StatusNames<Presence>.Parse(reader.GetString(0)), reader.NullableInt64(1));
            },
            mayRepeat: false,
            cancellation);

    /// <summary>How far some streams are. Counts as reading them.</summary>
    public Task<List<LookedAtStream>> LookAsync(IEnumerable<long> ids, CancellationToken cancellation)
        => calls.RunAsync(
            "select id, coalesce(tail, 0), coalesce(closed, false), is_over from chunkstream.stream_look($1)",
            [new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint, Value = ids.ToArray() }],
            async (reader, _) =>
            {
                var streams = new List<LookedAtStream>();
                while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    streams.Add(new LookedAtStream(
                        reader.GetInt64(0), reader.GetInt64(1), reader.GetBoolean(2), reader.GetBoolean(3)));
                }

                return streams;
            },
            mayRepeat: true,
            cancellation);

    /// <summary>One round of the sweep.</summary>
    /// <returns>How much it has done; 0: nothing was due.</returns>
    public Task<int> SweepAsync(int streams, int chunks, CancellationToken cancellation)
        => calls.RunAsync(
            "select chunkstream.stream_sweep($1, $2)",
            [Create(streams), Create(chunks)],
            async (reader, _) =>
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                return reader.GetInt32(0);
            },
            mayRepeat: true,
            cancellation);

    private async Task<StoredSegment> ReadAsync(ReadCall call, CancellationToken cancellation)
    {
        using var buffer = new SegmentBuffer();
        var stored = await ReadAsync(call, buffer, cancellation).ConfigureAwait(false);
        return stored with { Data = stored.Data.ToArray() };
    }

    private async Task<StoredSegment> ReadAsync(ReadCall call, SegmentBuffer buffer, CancellationToken cancellation)
    {
        var (stored, mustTouch) = await calls.RunAsync(
            "select * from chunkstream.stream_read($1, $2, $3, $4, $5)",
            [Text(call.Path), Number(call.Id), Number(call.From), Number(call.To), Create(call.MaxBytes)],
            (reader, asked) => reader.ReadSegmentAsync(asked, call.From, buffer, cancellation),
            mayRepeat: true,
            cancellation).ConfigureAwait(false);

        // This is rare: the time to live begins anew at most twenty times in its own length. A stream that was given to
        // a reader then stays for that long. If it expired just before, it was not there, and the read is repeated.
        if (mustTouch && await LookAsync([stored.Stream!.Id], cancellation).ConfigureAwait(false) is [{ IsOver: true }])
            return await ReadAsync(call, buffer, cancellation).ConfigureAwait(false);
        return stored;
    }

    private static NpgsqlParameter Parts(IEnumerable<ReadOnlyMemory<byte>> parts)
        => new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea, Value = parts.ToArray() };

    private static NpgsqlParameter Array<T>(
        NpgsqlDbType type, IReadOnlyList<AppendToStream> appends, Func<AppendToStream, T> part)
        => new() { NpgsqlDbType = NpgsqlDbType.Array | type, Value = appends.Select(part).ToArray() };

    private static NpgsqlParameter ArrayOrNull<T>(
        NpgsqlDbType type, IReadOnlyList<AppendToStream> appends, Func<AppendToStream, T?> part)
        => appends.Any(append => part(append) is not null)
            ? Array(type, appends, part)
            : new() { NpgsqlDbType = NpgsqlDbType.Array | type, Value = DBNull.Value };

    // By path or by number, from a position or the tail, to a position or the tail.
    private readonly record struct ReadCall(string? Path, long? Id, long? From, long? To, int MaxBytes);
}
