using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;
using Npgsql;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>
/// An embedded Postgres for this run only. It has the default settings except for the number of connections, and a
/// database for each number of rows that is asked for.
/// </summary>
/// <param name="settings">Further settings of the server.</param>
internal sealed class TestDatabases(params IEnumerable<KeyValuePair<string, string>> settings) : IAsyncDisposable
{
    private readonly Dictionary<string, string> _settings = new(settings) { ["max_connections"] = "300" };

    private readonly Dictionary<long, TestDatabase> _databases = [];
    private EmbeddedPostgres? _server;

    /// <summary>The folder for what outlives a run.</summary>
    public string StatePath { get; } = Path.GetFullPath(
        Environment.GetEnvironmentVariable("ChunkStream__LocalHost__StatePath") ?? StateFolder.Default);

    /// <summary>The server, and its settings that are not the default; null if none was started.</summary>
    public string? Description { get; private set; }

    /// <summary>The database with a number of rows. It is made when it is first asked for.</summary>
    public async Task<TestDatabase> WithRowsAsync(long rows, CancellationToken cancellation)
    {
        _server ??= await StartAsync(cancellation);
        if (!_databases.TryGetValue(rows, out var database))
        {
            database = await TestDatabase.CreateAsync(_server.ConnectionString, StatePath, rows, cancellation);
            _databases.Add(rows, database);
        }

        return database;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<EmbeddedPostgres> StartAsync(CancellationToken cancellation)
    {
        var server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { StatePath = StatePath, ThrowAway = true, Settings = _settings },
            ConsoleLines.Out,
            cancellation);
        await using var database = NpgsqlDataSource.Create(server.ConnectionString);
        await using var about = database.CreateCommand(
            "select current_setting('server_version'), current_setting('fsync'), "
            + "current_setting('synchronous_commit')");
        await using var reader = await about.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        Description = $"Postgres {reader.GetString(0)}, embedded, on 127.0.0.1, with its default settings but for "
            + string.Join(", ", _settings.Select(setting => $"{setting.Key} = {setting.Value}"))
            + $": so fsync is {reader.GetString(1)} and synchronous_commit {reader.GetString(2)}";
        return server;
    }
}
