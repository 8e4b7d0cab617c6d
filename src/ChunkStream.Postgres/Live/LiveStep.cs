using System.Buffers;
using System.Data;
using ChunkStream.Formats;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Finds what changed in the result of a query since a position: the keys that the log has, and for just these keys the
/// query itself, run as its caller. Rows that come are there, and keys whose rows don't come have gone. All of it is
/// read in one snapshot, which is the next position.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="memory">Where the changes are held until their readers have taken them.</param>
/// <param name="mostKeys">How many keys are followed one by one. With more the rows are read anew.</param>
internal sealed class LiveStep(PostgresDatabase database, LiveMemory memory, int mostKeys)
{
    // How much JSON the changes of a step may have.
    private const long MostBytes = 16 * 1024 * 1024;

    /// <summary>Takes the step.</summary>
    /// <param name="query">The query.</param>
    /// <param name="from">The position.</param>
    /// <param name="isFirst">Whether the columns have to be told, also where nothing has changed.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="MustRefetchException">What changed since the position is not known, or is too much.</exception>
    /// <exception cref="LiveMemoryException">There is no room for the changes in memory.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async Task<StepResult> RunAsync(
        LiveQuery query, LivePosition from, bool isFirst, CancellationToken cancellation)
    {
        using var slot = await database.Slots.EnterAsync(isNewcomer: false, query.IsAnonymous, cancellation)
            .ConfigureAwait(false);
        var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        var room = memory.ForChanges();
        try
        {
            var connection = session.Connection;
            await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, CancellationToken.None)
                .ConfigureAwait(false);
            var look = await LiveLook.TakeAsync(connection, query, from, Settings(query.Query), mostKeys + 1)
                .ConfigureAwait(false);
            var to = look.PositionAfter(from);
            var keys = new ChangedKeys(query.Query.Key.Count);
            foreach (var (path, values) in look.Values)
            {
                ThrowIfMany(values.Count);
                var mapped = path.Sql is null
                    ? values
                    : await LiveLook.MapAsync(connection, path, values, mostKeys + 1).ConfigureAwait(false);
                ThrowIfMany(mapped.Count);
                foreach (var key in mapped)
                    keys.Add(key);
            }

            ThrowIfMany(keys.Count);
            if (keys.Count == 0 && !isFirst)
                return new StepResult(to, null, null);
            await SessionIdentity.EnterAsync(connection, query.Query.RunsAs).ConfigureAwait(false);
            return await ReadAsync(connection, query, keys, to, room).ConfigureAwait(false);
        }
        catch
        {
            room.Dispose();
            cancellation.ThrowIfCancellationRequested();
            throw;
        }
    }

    // Of more than these only some were read.
    private void ThrowIfMany(int count)
    {
        if (count > mostKeys)
            throw new MustRefetchException(WatchProblem.Many);
    }

    // As a cursor has them, so that a value has the same text.
    private NpgsqlBatchCommand Settings(PostgresQuery query) => SessionSettings.ForValues(query, database.Options);

    private static async Task<StepResult> ReadAsync(
        NpgsqlConnection connection, LiveQuery query, ChangedKeys keys, LivePosition to, LiveRoom room)
    {
        var layout = await RowLayout.DescribeAsync(connection, query.Query, query.ExactNumbers).ConfigureAwait(false);
        if (keys.Count == 0)
            return new StepResult(to, layout.Schema, null);
        var changes = new Changes(room);
        var found = new HashSet<long>();
        await ReadAsync(
            connection, query.Query.Name, SessionSettings.Limits(query.Query), keys.Rows(query.Query, layout), layout,
            RecordKind.Upsert).ConfigureAwait(false);
        if (found.Count < keys.Count)
        {
            var missing = keys.Missing(layout, found) with { GivesTexts = query.Query.GivesTexts };
            var columns = await RowLayout.DescribeAsync(connection, missing, query.ExactNumbers).ConfigureAwait(false);
            var statement = SelectStatement.Create(missing, columns, from: null, atMost: null);
            await ReadAsync(connection, query.Query.Name, null, statement, columns, RecordKind.Delete)
                .ConfigureAwait(false);
        }

        return new StepResult(to, layout.Schema, changes.Complete());

        async Task ReadAsync(
            NpgsqlConnection connection, string name, NpgsqlBatchCommand? limits, SelectStatement statement,
            RowLayout layout, RecordKind kind)
        {
            var rows = new RowWriter(layout with { Key = [] }, RecordEncoding.Json, key: null);
            var batch = new QueryBatch(connection, $"step {name}");
            await using var _ = batch.ConfigureAwait(false);
            if (limits is not null)
                batch.BatchCommands.Add(limits);
            batch.BatchCommands.Add(statement.Command(""));
            var reader = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using var __ = reader.ConfigureAwait(false);
            if (limits is not null)
                await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
            while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
            {
                if (kind is RecordKind.Upsert && !reader.IsDBNull(layout.Columns.Count)
                    && !found.Add(reader.GetInt64(layout.Columns.Count)))
                {
                    var names = string.Join(", ", layout.Key.Select(column => column.Name));
                    throw new KeyException($"Two rows have the same key ({names}).");
                }

                changes.Add(kind, rows, reader);
                if (changes.Bytes > MostBytes)
                    throw new MustRefetchException(WatchProblem.Many);
            }
        }
    }

    private sealed class Changes(LiveRoom room)
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();
        private readonly List<(RecordKind Kind, int Start, int End)> _places = [];
        private ByteWriter? _output;

        public long Bytes => _output?.BytesWritten ?? 0;

        /// <exception cref="LiveMemoryException">There is no room.</exception>
        public void Add(RecordKind kind, RowWriter rows, NpgsqlDataReader reader)
        {
            _output ??= new ByteWriter(_bytes);
            var start = (int)_output.BytesWritten;
            rows.Write(reader, _output);
            _places.Add((kind, start, (int)_output.BytesWritten));
            room.Grow(_output.BytesWritten + ((long)_places.Count * LiveBatch.ChangeCost));
        }

        // Null if there are none.
        public LiveBatch? Complete()
        {
            if (_output is null)
                return null;

            // A copy without the space that a growing buffer has at its end.
            _output.Commit();
            var json = _bytes.WrittenSpan.ToArray();
            room.Set(json.Length + ((long)_places.Count * LiveBatch.ChangeCost));

            // A client to which two spellings are one key would else forget the row that took the other's place.
            LiveChange[] changes =
            [
                .. _places.OrderBy(place => place.Kind is RecordKind.Upsert).Select(place => new LiveChange(
                    place.Kind, json.AsMemory(place.Start..place.End))),
            ];
            return new LiveBatch(changes, room);
        }
    }
}
