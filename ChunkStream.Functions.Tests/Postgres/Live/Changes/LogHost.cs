using System.Data;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live.Changes;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.Functions.Tests.Postgres.Live.Changes;

/// <summary>A change log, a schema for the tables of a test, and a reader that takes steps.</summary>
internal sealed class LogHost : IAsyncDisposable
{
    private readonly RealPostgres _postgres;
    private readonly NpgsqlDataSource _direct;

    private LogHost(RealPostgres postgres)
    {
        _postgres = postgres;
        _direct = NpgsqlDataSource.Create(
            $"{postgres.ConnectionString};Application Name=live tests;Search Path={Schema};Maximum Pool Size=40");
        Log = CreateLog(ChangeLogLimits.Default);
    }

    public string Schema { get; } = "t" + Guid.NewGuid().ToString("N");

    public ChangeLog Log { get; }

    public static async Task<LogHost> CreateAsync(RealPostgres postgres, string tables)
    {
        var host = new LogHost(postgres);
        await postgres.ExecuteAsync($"create schema {host.Schema}");
        await host.SqlAsync(tables);
        return host;
    }

    public ChangeLog CreateLog(ChangeLogLimits limits)
        => new(_postgres.Database.OpenAsync, limits, TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await _direct.DisposeAsync();
        await _postgres.ExecuteAsync($"drop schema {Schema} cascade");
    }

    /// <summary>Closes idle connections: the server has ended them.</summary>
    public void ForgetConnections()
    {
        _direct.Clear();
        _postgres.Database.ForgetIdleConnections();
    }

    /// <summary>A connection that finds the tables of the test.</summary>
    public async Task<NpgsqlConnection> OpenAsync() => await _direct.OpenConnectionAsync();

    public async Task SqlAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await connection.SqlAsync(sql);
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = _direct.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Watches a table.</summary>
    public async Task<Watch> WatchAsync(string table, params string[] columns)
    {
        var oid = await ScalarAsync<uint>($"select '{table}'::regclass::oid");
        return Assert.Single(await Log.EnsureAsync([(oid, columns)], default).Within());
    }

    /// <summary>A first position. It is tried again while somebody runs who may not have been logged.</summary>
    public async Task<string> StartAsync(Watch watch)
    {
        var start = default(LogStep)!;
        await Bounded.Until(
            async () => (start = await StepAsync(watch, null)).Problem is not WatchProblem.Starting,
            "a start is possible");
        Assert.Null(start.Problem);
        return start.Position;
    }

    /// <summary>A step, as a reader of live queries takes it; from null it is a start.</summary>
    public async Task<LogStep> StepAsync(Watch watch, string? from)
    {
        await using var connection = await OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        return await connection.StepAsync(watch, from);
    }

    /// <summary>Writes, and expects the next step to find these values. Gives the next position.</summary>
    public async Task<string> FindsAsync(Watch watch, string from, string sql, params string[] values)
    {
        await SqlAsync(sql);
        var step = await StepAsync(watch, from).Within();
        Assert.Null(step.Problem);
        Assert.Equal(values, step.Values);
        Assert.Equal(values.Length > 0, step.HasChanges);
        return step.Position;
    }

    /// <summary>Begins the next slot, as if it were time.</summary>
    public async Task<string?> RotateAsync(Watch watch)
    {
        while (true)
        {
            var said = await ScalarAsync<object>(
                $"select chunkstream_live.rotate({watch.Id}, 0, 1000000000)") as string;
            if (said is not "again")
                return said;
        }
    }

    /// <summary>Lets the lease of the triggers end.</summary>
    public Task LapseAsync(Watch watch) => SqlAsync(
        $"""
        select setval('chunkstream_live.state_{watch.Id}',
            (s.last_value & ~68719476735) | (s.last_value & 3)) from chunkstream_live.state_{watch.Id} s
        """);
}

/// <summary>What a step found.</summary>
/// <param name="Position">The next position.</param>
/// <param name="Problem">Why it is not known what has changed.</param>
/// <param name="HasChanges">Whether anything was logged.</param>
/// <param name="Values">The values that were logged, those of a row with bars between them, in order.</param>
internal sealed record LogStep(string Position, string? Problem, bool HasChanges, IReadOnlyList<string> Values);

internal static class LogConnections
{
    public static async Task SqlAsync(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync().Within();
    }

    /// <summary>A step inside of an open transaction.</summary>
    public static async Task<LogStep> StepAsync(this NpgsqlConnection connection, Watch watch, string? from)
    {
        await using var batch = new NpgsqlBatch(connection);
        if (from is not null)
            batch.BatchCommands.Add(new(ChangeLogSql.Lock([watch.Id])));
        batch.BatchCommands.Add(new(ChangeLogSql.States)
        {
            Parameters =
            {
                new() { Value = new[] { watch.Id } },
                new() { Value = (object?)from ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            },
        });
        if (from is not null)
        {
            var logged = ChangeLogSql.Values(watch, watch.Columns, [], 100_000);
            batch.BatchCommands.Add(new(logged) { Parameters = { new() { Value = from } } });
        }

        await using var reader = await batch.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        var position = reader.GetString(0);
        var problem = reader.IsDBNull(3) ? null : reader.GetString(3);
        var hasChanges = reader.GetBoolean(4);
        var values = new List<string>();
        await reader.NextResultAsync();
        while (await reader.ReadAsync())
        {
            values.Add(string.Join(
                '|', Enumerable.Range(0, reader.FieldCount).Select(column => reader.GetString(column))));
        }

        values.Sort(StringComparer.Ordinal);
        return new LogStep(position, problem, hasChanges, values);
    }
}
