using System.Globalization;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Postgres.Rows;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Postgres.Live;

/// <summary>What the change log says of a query's tables in the snapshot of a transaction.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Watches">The state of each watch.</param>
/// <param name="Values">The values that were logged since, by the path on which they lead to the query's key.</param>
internal sealed record LiveLook(
    LiveSnapshot Snapshot,
    IReadOnlyList<WatchState> Watches,
    IReadOnlyList<(LivePath Path, IReadOnlyList<string[]> Values)> Values)
{
    /// <summary>From here on a statement fails if row-level security hid rows from it.</summary>
    public const string SeeAll = "SET LOCAL row_security = off";

    // Which logs there are.
    private string Generations { get; }
        = string.Join(',', Watches.Select(watch => $"{watch.Id}.{watch.Generation}"));

    /// <summary>Looks at the log. It must come first in the transaction, which is repeatable read.</summary>
    /// <param name="connection">A connection with a transaction that has no snapshot yet.</param>
    /// <param name="query">The query.</param>
    /// <param name="from">Since when.</param>
    /// <param name="settings">A statement that sets how values are written, and gives one row.</param>
    /// <param name="atMost">How many values to read at most on each path.</param>
    public static async Task<LiveLook> TakeAsync(
        NpgsqlConnection connection,
        LiveQuery query,
        LivePosition from,
        NpgsqlBatchCommand settings,
        int atMost)
    {
        var batch = new NpgsqlBatch(connection);
        await using var _ = batch.ConfigureAwait(false);
        AddLook(batch, query.Watches, from.Snapshot.Text);
        batch.BatchCommands.Add(settings);
        foreach (var path in query.Paths)
            batch.BatchCommands.Add(ValuesCommand(path, query.Query.Parameters, from, atMost));

        var reader = await AskAsync(batch).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var (snapshot, states) = await ReadStatesAsync(reader).ConfigureAwait(false);
        try
        {
            var values = await ReadValuesAsync(reader, query.Paths).ConfigureAwait(false);
            return new LiveLook(snapshot, states, values);
        }
        catch (PostgresException) when (states.Any(watch => watch.Problem is not null))
        {
            // A standby, for one, tells what it is, and then can't read the log, which is unlogged.
            return new LiveLook(snapshot, states, []);
        }
    }

    private static async Task<IReadOnlyList<(LivePath, IReadOnlyList<string[]>)>> ReadValuesAsync(
        NpgsqlDataReader reader, IReadOnlyList<LivePath> paths)
    {
        await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false); // to the row of the settings
        var found = new List<(LivePath, IReadOnlyList<string[]>)>();
        foreach (var path in paths)
        {
            await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
            found.Add((path, await RowsAsync(reader).ConfigureAwait(false)));
        }

        return found;
    }

    /// <summary>Looks at the log in a transaction that it begins.</summary>
    /// <param name="connection">A connection without a transaction.</param>
    /// <param name="watches">Which watches to look at.</param>
    /// <param name="since">A snapshot before this one; null to learn only of this one.</param>
    public static async Task<LiveLook> TakeAsync(NpgsqlConnection connection, int[] watches, LiveSnapshot? since)
    {
        var batch = new NpgsqlBatch(connection)
        {
            BatchCommands = { new NpgsqlBatchCommand("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") },
        };
        await using var _ = batch.ConfigureAwait(false);
        AddLook(batch, watches, since?.Text);
        var reader = await AskAsync(batch).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var (snapshot, states) = await ReadStatesAsync(reader).ConfigureAwait(false);
        return new LiveLook(snapshot, states, []);
    }

    /// <summary>Asks for the state of watches in the snapshot of a transaction, and for the snapshot itself.</summary>
    /// <param name="connection">A connection with an open transaction.</param>
    /// <param name="watches">Which.</param>
    public static async Task<LiveLook> BeginAsync(NpgsqlConnection connection, int[] watches)
    {
        var batch = new NpgsqlBatch(connection) { BatchCommands = { StateCommand(watches, since: null) } };
        await using var _ = batch.ConfigureAwait(false);
        var reader = await AskAsync(batch).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        var (snapshot, states) = await ReadStatesAsync(reader).ConfigureAwait(false);
        return new LiveLook(snapshot, states, []);
    }

    /// <summary>
    /// The keys to which values lead, by a path's statement. It runs as the connection's own user, because a row that
    /// the caller may not see any more has to be found, too. Postgres refuses a statement of which row-level security
    /// would hide rows from that user.
    /// </summary>
    /// <param name="connection">A connection with the transaction of the look.</param>
    /// <param name="path">The path.</param>
    /// <param name="values">The values.</param>
    /// <param name="atMost">How many keys to read at most.</param>
    public static async Task<IReadOnlyList<string[]>> MapAsync(
        NpgsqlConnection connection, LivePath path, IReadOnlyList<string[]> values, int atMost)
    {
        if (values.Count == 0)
            return [];

        var batch = new NpgsqlBatch(connection) { BatchCommands = { new NpgsqlBatchCommand(SeeAll) } };
        await using var _ = batch.ConfigureAwait(false);
        var command = new NpgsqlBatchCommand(MapStatement(path, atMost));
        command.Parameters.Add(SelectStatement.Parameter(SqlArray.Create(values.Select(value => value[0]))));
        batch.BatchCommands.Add(command);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SET LOCAL row_security = on"));
        var reader = await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        await using var __ = reader.ConfigureAwait(false);
        return await RowsAsync(reader).ConfigureAwait(false);
    }

    // The keys as Postgres writes them, whatever their types are.
    private static string MapStatement(LivePath path, int atMost)
    {
        var names = Enumerable.Range(0, path.KeyColumns).Select(index => $"c{index}").ToArray();
        return $"SELECT DISTINCT {string.Join(", ", names.Select(name => $"pg_catalog.format('%s', {name})"))}"
            + $" FROM (\n{path.Sql}\n) AS keys({string.Join(", ", names)})"
            + $" WHERE pg_catalog.num_nulls({string.Join(", ", names)}) = 0 LIMIT {atMost}";
    }

    /// <summary>The position of this snapshot.</summary>
    /// <exception cref="LogNotReadyException">A watch has just begun: changes may be missing.</exception>
    /// <exception cref="MustRefetchException">A watch is not good.</exception>
    public LivePosition Position()
    {
        foreach (var watch in Watches)
        {
            if (watch.Problem is WatchProblem.Starting)
                throw new LogNotReadyException();
            if (watch.Problem is { } problem)
                throw new MustRefetchException(problem);
        }

        return new LivePosition(Snapshot, Generations);
    }

    /// <summary>The position of this snapshot, if it is known what has changed since another.</summary>
    /// <exception cref="MustRefetchException">It is not.</exception>
    public LivePosition PositionAfter(LivePosition from)
    {
        // A log that has begun anew since then does not have what came before it. That counts before any wait until a
        // log is ready.
        var bad = Watches.FirstOrDefault(watch => watch.Problem is not null and not WatchProblem.Starting);
        if (bad is not null || Generations != from.Generations)
            throw new MustRefetchException(bad?.Problem ?? WatchProblem.Structure);
        return Position();
    }

    private static async Task<NpgsqlDataReader> AskAsync(NpgsqlBatch batch)
    {
        try
        {
            return await batch.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (PostgresException failure) when (failure.IsTakenAway())
        {
            // Somebody has taken the log away.
            throw new MustRefetchException(WatchProblem.Gone);
        }
    }

    // The locks come before the snapshot: a part of the log that is emptied meanwhile would look as if nothing had
    // changed.
    private static void AddLook(NpgsqlBatch batch, int[] watches, string? since)
    {
        batch.BatchCommands.Add(new NpgsqlBatchCommand(ChangeLogSql.Lock(watches)));
        batch.BatchCommands.Add(StateCommand(watches, since));
    }

    private static NpgsqlBatchCommand ValuesCommand(
        LivePath path, IReadOnlyList<string?> parameters, LivePosition from, int atMost)
    {
        // A parameter that is null tells no changes apart.
        var filters = path.Filters.Where(filter => parameters[filter.Parameter] is not null).ToArray();
        var conditions = filters.Select((filter, index) => filter.IsEqual(
            filter.Value(string.Create(CultureInfo.InvariantCulture, $"${index + 2}"))));
        var command = new NpgsqlBatchCommand(ChangeLogSql.Values(
            path.Watch, path.Values, conditions, atMost, path.Trimmed));
        command.Parameters.Add(new() { Value = from.Snapshot.Text });
        foreach (var filter in filters)
            command.Parameters.Add(SelectStatement.Parameter(parameters[filter.Parameter]));
        return command;
    }

    private static NpgsqlBatchCommand StateCommand(int[] watches, string? since)
    {
        var command = new NpgsqlBatchCommand(ChangeLogSql.States);
        command.Parameters.Add(new() { Value = watches });
        command.Parameters.Add(
            new() { Value = (object?)since ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        return command;
    }

    private static async Task<(LiveSnapshot Snapshot, IReadOnlyList<WatchState> States)> ReadStatesAsync(
        NpgsqlDataReader reader)
    {
        var (snapshot, states) = (LivePosition.Unknown.Snapshot, new List<WatchState>());
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            if (states.Count == 0)
                snapshot = new LiveSnapshot(reader.GetString(0));
            states.Add(new WatchState(
                reader.GetInt32(1),
                reader.GetInt64(2),
                reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetBoolean(4)));
        }

        return (snapshot, states);
    }

    private static async Task<IReadOnlyList<string[]>> RowsAsync(NpgsqlDataReader reader)
    {
        var rows = new List<string[]>();
        while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            var row = new string[reader.FieldCount];
            for (var column = 0; column < row.Length; column++)
                row[column] = reader.GetString(column);
            rows.Add(row);
        }

        return rows;
    }
}

/// <summary>The state of a watch, as of a snapshot.</summary>
/// <param name="Id">Which.</param>
/// <param name="Generation">Its generation.</param>
/// <param name="Problem">Why it does not tell what changed since the other snapshot; null if it does.</param>
/// <param name="HasChanges">Whether anything was logged since.</param>
internal sealed record WatchState(int Id, long Generation, string? Problem, bool HasChanges);
