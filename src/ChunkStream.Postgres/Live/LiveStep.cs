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
/// <param name="mostKeys">How many keys are followed one by one. With more the rows are read anew.</param>
internal sealed class LiveStep(PostgresDatabase database, int mostKeys)
{
    // What a step holds in memory until its readers have taken it.
    private const long MostBytes = 16 * 1024 * 1024;

    /// <summary>Takes the step.</summary>
    /// <param name="query">The query.</param>
    /// <param name="from">The position.</param>
    /// <param name="isFirst">Whether the columns have to be told, also where nothing has changed.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="MustRefetchException">What changed since the position is not known, or is too much.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async Task<StepResult> RunAsync(
        LiveQuery query, LivePosition from, bool isFirst, CancellationToken cancellation)
    {
        using var slot = await database.Slots.EnterAsync(isNewcomer: false, query.IsAnonymous, cancellation)
            .ConfigureAwait(false);
        var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
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
                return new StepResult(to, null, [], 0);
            await SessionIdentity.EnterAsync(connection, query.Query.RunsAs).ConfigureAwait(false);
            return await ReadAsync(connection, query, keys, to).ConfigureAwait(false);
        }
        catch
        {
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
        NpgsqlConnection connection, LiveQuery query, ChangedKeys keys, LivePosition to)
    {
        var layout = await RowLayout.DescribeAsync(connection, query.Query, query.ExactNumbers).ConfigureAwait(false);
        if (keys.Count == 0)
            return new StepResult(to, layout.Schema, [], 0);
        var changes = new Changes();
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

        return new StepResult(to, layout.Schema, changes.All, changes.Bytes);

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

    private sealed class Changes
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();
        private readonly List<(RecordKind Kind, int Start, int End)> _places = [];
        private readonly ByteWriter _output;

        public Changes() => _output = new ByteWriter(_bytes);

        public long Bytes => _output.BytesWritten;

        public IReadOnlyList<LiveChange> All
        {
            get
            {
                // A client to which two spellings are one key would else forget the row that took the other's place.
                _output.Commit();
                return [.. _places.OrderBy(place => place.Kind is RecordKind.Upsert).Select(place => new LiveChange(
                    place.Kind, _bytes.WrittenMemory[place.Start..place.End]))];
            }
        }

        public void Add(RecordKind kind, RowWriter rows, NpgsqlDataReader reader)
        {
            var start = (int)_output.BytesWritten;
            rows.Write(reader, _output);
            _places.Add((kind, start, (int)_output.BytesWritten));
        }
    }
}
