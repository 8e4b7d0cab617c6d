using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;
using Npgsql;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>
/// An embedded Postgres for the run alone, with its default settings but for the number of connections, and a database
/// for each number of rows that somebody asks for.
/// </summary>
internal sealed class TestDatabases : IAsyncDisposable
{
    private static readonly Dictionary<string, string> Settings = new() { ["max_connections"] = "300" };

    private readonly string _statePath = Path.GetFullPath(
        Environment.GetEnvironmentVariable("ChunkStream__LocalHost__StatePath") ?? StateFolder.Default);
    private readonly Dictionary<long, TestDatabase> _databases = [];
    private EmbeddedPostgres? _server;

    /// <summary>The server's version; null where none was started.</summary>
    public string? ServerVersion { get; private set; }

    /// <summary>The database with so many rows; the first time it is made.</summary>
    public async Task<TestDatabase> WithRowsAsync(long rows, CancellationToken cancellation)
    {
        _server ??= await StartAsync(cancellation);
        if (!_databases.TryGetValue(rows, out var database))
        {
            database = await TestDatabase.CreateAsync(_server.ConnectionString, _statePath, rows, cancellation);
            _databases.Add(rows, database);
        }

        return database;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<EmbeddedPostgres> StartAsync(CancellationToken cancellation)
    {
        var server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { StatePath = _statePath, ThrowAway = true, Settings = Settings },
            ConsoleLines.Out,
            cancellation);
        await using var database = NpgsqlDataSource.Create(server.ConnectionString);
        await using var version = database.CreateCommand("show server_version");
        ServerVersion = (string?)await version.ExecuteScalarAsync(cancellation);
        return server;
    }
}
