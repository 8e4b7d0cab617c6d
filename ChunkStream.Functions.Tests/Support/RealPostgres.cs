using System.IO.Pipelines;
using System.Text;
using ChunkStream.Formats;
using ChunkStream.LocalHost.Embedded;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Rows;
using ChunkStream.Streaming;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// A real Postgres for all tests of a collection: a throw-away cluster, started once. There are two such collections,
/// each with a server of its own, because the tests of one server run one after another, and mostly wait.
/// </summary>
public sealed class RealPostgres : IAsyncLifetime
{
    /// <summary>The tests that need a database, but for those of the other collection.</summary>
    public const string Collection = "Real Postgres";

    /// <summary>Those of durable streams, of chats, of clients and of the page.</summary>
    public const string StreamsAndClients = "Real Postgres, streams and clients";

    private readonly NpmPackage? _programs;
    private EmbeddedPostgres? _server;
    private PostgresDatabase? _database;
    private NpgsqlDataSource? _direct;
    private NpgsqlDataSource? _utc;

    public RealPostgres()
        : this(PostgresVersions.Chosen)
    {
    }

    /// <param name="programs">Another version than that of the local host.</param>
    internal RealPostgres(NpmPackage? programs) => _programs = programs;

    public string ConnectionString => _server!.ConnectionString;

    internal PostgresDatabase Database => _database!;

    public async Task InitializeAsync()
    {
        _server = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            Package = _programs,
            ThrowAway = true,
            Port = ServerPort.Take(),
            StatePath = Environment.GetEnvironmentVariable("ChunkStream__LocalHost__StatePath"),
            Settings = new Dictionary<string, string>
            {
                ["fsync"] = "off",
                ["max_connections"] = "300",

                // A test has rows written by a subscription.
                ["wal_level"] = "logical",
            },
        }).Within(TimeSpan.FromMinutes(5));
        _database = new PostgresDatabase(
            ConfiguredConnection.Create(ConnectionString), new PostgresOptions(), TimeProvider.System,
            NullLoggerFactory.Instance);
        _direct = NpgsqlDataSource.Create(ConnectionString + ";Application Name=tests");
        _utc = NpgsqlDataSource.Create(ConnectionString + ";Application Name=tests;Timezone=UTC");
    }

    public async Task DisposeAsync()
    {
        await _database!.DisposeAsync();
        await _direct!.DisposeAsync();
        await _utc!.DisposeAsync();
        await _server!.DisposeAsync();
    }

    /// <summary>Stops the server, which ends all connections.</summary>
    public Task StopAsync() => _server!.StopAsync().Within();

    /// <summary>Starts the server again after it was stopped or killed.</summary>
    public Task StartAgainAsync()
    {
        // The idle connections in the pools were ended with the server.
        _direct!.Clear();
        _utc!.Clear();
        return _server!.StartAgainAsync().Within();
    }

    /// <summary>Stops the server and starts it again.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAgainAsync();
    }

    internal StreamSource Open(
        string query, RecordEncoding encoding = RecordEncoding.Json, CancellationToken cancellation = default)
        => new CursorSource(
            Database, new QueryRun(new PostgresQuery(query)), encoding, TimeProvider.System, cancellation);

    /// <summary>The rows of a query as our cursor gives them: a line each.</summary>
    public async Task<string[]> StreamedAsync(string query)
        => (await StreamedAsync(query, StreamFormats.Ndjson)).Split('\n')[..^1];

    /// <summary>The body that a query gives in a format.</summary>
    public async Task<string> StreamedAsync(string query, StreamFormat format)
    {
        await using var source = Open(query, format.Encoding);
        var body = new MemoryStream();
        var pump = new StreamPump(source, format, PipeWriter.Create(body), new StreamingOptions(), TimeProvider.System);
        var first = source.WaitToReadAsync().AsTask();
        await first;
        await pump.RunAsync(new ValueTask<bool>(first), default);
        return Encoding.UTF8.GetString(body.ToArray());
    }

    /// <summary>The rows of a query as Postgres itself turns them into JSON, in a UTC session: a line each.</summary>
    public async Task<string[]> OracleAsync(string query)
    {
        await using var command = _utc!.CreateCommand($"select row_to_json(q)::text from (\n{query}\n) q");
        await using var reader = await command.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync())
            lines.Add(reader.GetString(0));
        return [.. lines];
    }

    /// <summary>The texts of a query's only column.</summary>
    public async Task<string[]> ColumnAsync(string query)
    {
        await using var command = _direct!.CreateCommand(query);
        await using var reader = await command.ExecuteReaderAsync();
        var texts = new List<string>();
        while (await reader.ReadAsync())
            texts.Add(reader.GetString(0));
        return [.. texts];
    }

    /// <summary>A connection of the tests' own.</summary>
    public async Task<NpgsqlConnection> OpenAsync() => await _direct!.OpenConnectionAsync();

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _direct!.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = _direct!.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The major version of the server.</summary>
    public Task<int> MajorAsync() => ScalarAsync<int>("select current_setting('server_version_num')::int / 10000");

    /// <summary>Waits until a query of ours is being run, or its cursor is open.</summary>
    public Task UntilOneRunsAsync()
        => Bounded.Until(
            async () => await ScalarAsync<long>(Ours + " and state <> 'idle'") > 0, "a query of ours runs");

    /// <summary>Fails unless within the limit no backend of ours runs a query or is inside a transaction.</summary>
    /// <param name="limit">
    /// Default: the limit of every wait. The queries that a test has ended would run for longer.
    /// </param>
    public Task AssertNothingRunsAsync(TimeSpan? limit = null)
        => Bounded.Until(
            async () => await ScalarAsync<long>(Ours + " and state <> 'idle'") == 0, "no query of ours runs", limit);

    private const string Ours =
        "select count(*) from pg_stat_activity where application_name = 'ChunkStream' "
        + "and backend_type = 'client backend'";
}

/// <summary>The tests that share a server. They run one after another.</summary>
[CollectionDefinition(RealPostgres.Collection)]
public sealed class RealPostgresTests : ICollectionFixture<RealPostgres>;

/// <summary>The tests that share the other server.</summary>
[CollectionDefinition(RealPostgres.StreamsAndClients)]
public sealed class StreamsAndClientsTests : ICollectionFixture<RealPostgres>;
