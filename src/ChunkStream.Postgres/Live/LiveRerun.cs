using System.Buffers;
using System.Data;
using System.Globalization;
using ChunkStream.Formats;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Runs a query as a whole, where a change of one row may change which other rows there are: the first ten, windows,
/// DISTINCT, recursion. What has changed is found by comparing the result with the one before.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="memory">Where the result is held, once for all readers.</param>
/// <param name="mostRows">How many rows it may have.</param>
internal sealed class LiveRerun(PostgresDatabase database, LiveMemory memory, int mostRows)
{
    /// <summary>How many bytes the rows may have.</summary>
    public const int MostBytes = 16 * 1024 * 1024;

    /// <summary>Runs it, as its caller.</summary>
    /// <param name="query">The query.</param>
    /// <param name="isNewcomer">Whether a client waits for its first row.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="LogNotReadyException">The log of changes has just begun.</exception>
    /// <exception cref="MustRefetchException">A change might not be heard of.</exception>
    /// <exception cref="LargeResultException">The result is larger than it may be.</exception>
    /// <exception cref="LiveMemoryException">There is no room for the result in memory.</exception>
    /// <exception cref="KeyException">A key is not unique, or null.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async Task<LiveResult> RunAsync(LiveQuery query, bool isNewcomer, CancellationToken cancellation)
    {
        using var slot = await database.Slots.EnterAsync(isNewcomer, query.IsAnonymous, cancellation)
            .ConfigureAwait(false);
        var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        var connection = session.Connection;
        var room = memory.ForResult(isNewcomer);
        try
        {
            await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, CancellationToken.None)
                .ConfigureAwait(false);
            var look = await LiveLook.BeginAsync(connection, query.Watches).ConfigureAwait(false);
            return await ReadAsync(connection, query, look.Position(), room).ConfigureAwait(false);
        }
        catch
        {
            room.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
    }

    private async Task<LiveResult> ReadAsync(
        NpgsqlConnection connection, LiveQuery query, LivePosition to, LiveRoom room)
    {
        await SessionIdentity.EnterAsync(connection, query.Query.RunsAs).ConfigureAwait(false);
        var layout = await RowLayout.DescribeAsync(connection, query.Query, query.ExactNumbers).ConfigureAwait(false);
        var limit = Math.Min(mostRows, query.Query.MaxRows ?? mostRows);
        var batch = new QueryBatch(connection, $"rerun {query.Query.Name}")
        {
            BatchCommands =
            {
                SessionSettings.All(query.Query, database.Options, identity: null),
                Statement(query.Query, layout, limit + 1).Command(""),
            },
        };
        await using var _ = batch.ConfigureAwait(false);
        var reader = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false);

        var bytes = new ArrayBufferWriter<byte>();
        var output = new ByteWriter(bytes);
        var writer = new RowWriter(layout with { Key = [] }, RecordEncoding.Json, key: null);
        var read = new List<(string Key, int Start, int End)>();
        var beside = 0L;
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            var start = (int)output.BytesWritten;
            writer.Write(reader, output);
            if (reader.IsDBNull(layout.Columns.Count))
                throw new KeyException($"A row has a null in its key ({Names(layout)}).");
            var key = reader.GetString(layout.Columns.Count);
            read.Add((key, start, (int)output.BytesWritten));
            if (read.Count > limit || output.BytesWritten > MostBytes)
                throw new LargeResultException(limit, MostBytes);
            beside += LiveResult.RowCost + (sizeof(char) * key.Length);
            room.Grow(output.BytesWritten + beside);
        }

        // A copy without the space that a growing buffer has at its end.
        output.Commit();
        var json = bytes.WrittenSpan.ToArray();
        room.Set(json.Length + beside);
        var rows = new LiveChange[read.Count];
        var places = new Dictionary<string, int>(read.Count, StringComparer.Ordinal);
        foreach (var (place, (key, start, end)) in read.Index())
        {
            rows[place] = new LiveChange(RecordKind.Row, json.AsMemory(start..end));
            if (!places.TryAdd(key, place))
                throw new KeyException($"Two rows have the same key ({Names(layout)}).");
        }

        return new LiveResult(
            to with { Generations = LiveResult.Digest(json) },
            layout.Schema,
            [.. layout.Key.Select(column => column.Name)],
            new LiveBatch(rows, room),
            places);
    }

    // The rows in the key's order, each with the text of its key at the end; that is null where a part of it is.
    private static SelectStatement Statement(PostgresQuery query, RowLayout layout, long atMost)
    {
        var names = string.Join(", ", layout.Columns.Select((_, index) => $"c{index}"));
        var selected = string.Join(", ", layout.Columns.Select(column => column.Sql));
        var key = string.Join(", ", layout.Key.Select(column => column.Sql));
        return new SelectStatement(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                SELECT {selected}, CASE WHEN num_nulls({key}) = 0
                  THEN CAST(pg_catalog.json_build_array({key}) AS pg_catalog.text) END
                FROM (
                {query.Sql}
                ) AS q({names}) ORDER BY {Keyset.OrderBy(layout.Key)} LIMIT {atMost}
                """),
            query.Parameters);
    }

    private static string Names(RowLayout layout) => string.Join(", ", layout.Key.Select(column => column.Name));
}

/// <summary>A query that is run again has a larger result than is kept in memory.</summary>
/// <param name="rows">How many rows it may have.</param>
/// <param name="bytes">How many bytes.</param>
internal sealed class LargeResultException(long rows, int bytes) : Exception(
    $"A query with 'live: rerun' has more than {rows} rows (ChunkStream:Live:RerunRows), or more than {bytes} bytes.")
{
    public long Rows => rows;

    public int Bytes => bytes;
}
