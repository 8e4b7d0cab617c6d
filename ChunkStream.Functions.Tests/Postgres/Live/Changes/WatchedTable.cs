using System.Data;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live.Changes;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Functions.Tests.Postgres.Live.Changes;

/// <summary>A change log over a database of the tests, and a reader of it that takes steps.</summary>
internal sealed class WatchedTable(RealPostgres postgres)
{
    private readonly NpgsqlDataSource _direct
        = NpgsqlDataSource.Create(postgres.ConnectionString + ";Application Name=live tests");

    public ChangeLog Log { get; } = new(
        postgres.Database.OpenAsync, ChangeLogLimits.Default, TimeProvider.System);

    public NpgsqlDataSource Direct => _direct;

    /// <summary>Watches a table.</summary>
    public async Task<Watch> WatchAsync(string table, params string[] columns)
    {
        var oid = await postgres.ScalarAsync<uint>($"select '{table}'::regclass::oid");
        var watches = await Log.EnsureAsync([(oid, columns)], default).Within();
        return Assert.Single(watches);
    }

    /// <summary>A first position. It is tried again while somebody runs who may not have been logged.</summary>
    public async Task<string> StartAsync(params Watch[] watches)
    {
        var start = default(LogStep)!;
        await Bounded.Until(
            async () =>
            {
                start = await StepAsync(null, watches);
                return start.Problem is not WatchProblem.Starting;
            },
            "a start is possible");
        Assert.Null(start.Problem);
        return start.Position;
    }

    /// <summary>A step, as a reader of live queries takes it.</summary>
    public async Task<LogStep> StepAsync(string? from, params Watch[] watches)
    {
        await using var connection = await _direct.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        return await StepAsync(connection, from, watches);
    }

    /// <summary>The same inside of an open transaction.</summary>
    public static async Task<LogStep> StepAsync(NpgsqlConnection connection, string? from, params Watch[] watches)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (from is not null)
            batch.BatchCommands.Add(new(ChangeLogSql.Lock(watches.Select(watch => watch.Id))));
        batch.BatchCommands.Add(new(ChangeLogSql.States)
        {
            Parameters =
            {
                new() { Value = watches.Select(watch => watch.Id).ToArray() },
                new() { Value = (object?)from ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            },
        });
        foreach (var watch in from is null ? [] : watches)
            batch.BatchCommands.Add(new(ChangeLogSql.Values(watch, 100_000)) { Parameters = { new() { Value = from } } });
        await using var reader = await batch.ExecuteReaderAsync();
        var (position, problem, hasChanges) = ("", default(string), false);
        while (await reader.ReadAsync())
        {
            position = reader.GetString(0);
            problem ??= reader.IsDBNull(3) ? null : reader.GetString(3);
            hasChanges |= reader.GetBoolean(4);
        }

        var values = new List<string>();
        while (await reader.NextResultAsync())
        {
            while (await reader.ReadAsync())
            {
                var columns = new string[reader.FieldCount];
                for (var column = 0; column < columns.Length; column++)
                    columns[column] = reader.GetString(column);
                values.Add(string.Join('|', columns));
            }
        }

        values.Sort(StringComparer.Ordinal);
        return new LogStep(position, problem, hasChanges, values);
    }
}

/// <summary>What a step found.</summary>
/// <param name="Position">The next position.</param>
/// <param name="Problem">Why it is not known what has changed.</param>
/// <param name="HasChanges">Whether anything was logged.</param>
/// <param name="Values">The values that were logged, those of a row with bars between them.</param>
internal sealed record LogStep(string Position, string? Problem, bool HasChanges, IReadOnlyList<string> Values);
