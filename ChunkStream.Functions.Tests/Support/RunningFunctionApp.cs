using System.Text;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support.FunctionsHost;
using Npgsql;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// The function app of this repository, as it was built, in one worker process for all tests of the collection. It has
/// a Postgres of its own, so that these tests run beside those of <see cref="RealPostgres.Collection"/>.
/// </summary>
public sealed class RunningFunctionApp : IAsyncLifetime
{
    public const string Collection = "Function app";

    private const string Endless =
        "select n, m, repeat('x', 200) as text from generate_series(1, 30000) n, generate_series(1, 30000) m";

    private const string Lock = "pg_advisory_xact_lock_shared(281)";

    private readonly QueryFiles _queries = new QueryFiles()
        .With("rows", "select n, 'row ' || n as name from generate_series(1, 3) n")
        .With("series", "-- access: anonymous\nselect n from generate_series(1, 3) n")
        .With("live", "-- access: anonymous\n-- key: n\n-- live\nselect n from numbers where n < 4")
        .With("broken", "-- parameter: nothing")
        .With("endless", Endless)
        .With("held", $"select n, case when n = 2 then {Lock}::text end as held from generate_series(1, 3) n")
        .With("keyed", $"-- key: n\nselect n, case when n = 1000 then {Lock}::text end as held from numbers order by n")
        .With("failing", "select 1 / (n - 1) as value from generate_series(1, 3) n")
        .With("failing_late", "select 1 / (n - 50000) as value from generate_series(1, 100000) n");

    private FunctionApp? _app;

    /// <summary>The folder that has the built app.</summary>
    public static string Folder { get; } = Built.Folder("ChunkStream.Functions");

    internal RealPostgres Postgres { get; } = new();

    internal FunctionApp App => _app!;

    /// <summary>Calls it; a connection is closed as soon as its response is left, as browsers do.</summary>
    internal HttpClient Client { get; private set; } = null!;

    /// <summary>The settings that the worker gets; others may start the same app with them.</summary>
    internal IReadOnlyList<(string Key, string Value)> Settings =>
    [
        ("ConnectionStrings:Postgres", Postgres.ConnectionString),
        ("ChunkStream:ResumeKey", "a key for tests that nobody guesses"),
        ("ChunkStream:DefaultQuery", "rows"),
        ("ChunkStream:Streams:PublicReading", "true"),
        ("ChunkStream:Streams:CapabilityKey", "a secret for tests that nobody guesses"),
        ("ChunkStream:Streams:SweepSeconds", "1"),
        _queries.Setting,
    ];

    public async Task InitializeAsync()
    {
        await Postgres.InitializeAsync();
        await Postgres.ExecuteAsync(
            "create table numbers (n int primary key); insert into numbers select generate_series(1, 2000); "
            + "analyze numbers");
        _app = await StartAsync();
        Client = ClientOf(_app);
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await _app!.DisposeAsync();
        await Postgres.DisposeAsync();
        _queries.Dispose();
    }

    /// <summary>Starts another worker, for a test that needs other settings or that ends it.</summary>
    internal Task<FunctionApp> StartAsync(params (string Key, string Value)[] more)
        => FunctionApp.StartAsync(
            Folder,
            Settings.Concat(more).Select(setting => KeyValuePair.Create(
                setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.Value)))
            .Within(WebProgram.StartLimit);

    /// <summary>Sends a request and gives the response as soon as its headers are there.</summary>
    internal Task<HttpResponseMessage> GetAsync(string path)
        => Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead).Within();

    /// <summary>
    /// Holds the streams of the query <c>held</c> between their first and second rows, and those of <c>keyed</c> before
    /// row 1000, until it is disposed.
    /// </summary>
    internal async Task<IAsyncDisposable> HoldAsync()
    {
        var connection = new NpgsqlConnection(Postgres.ConnectionString + ";Application Name=tests;Pooling=false");
        await connection.OpenAsync().Within();
        await using var hold = new NpgsqlCommand("select pg_advisory_lock(281)", connection);
        await hold.ExecuteNonQueryAsync().Within();
        return connection;
    }

    /// <summary>
    /// Reads the frames of the query <c>keyed</c> to their clean end, which must tell that there is more. Gives the
    /// number of the last row, which is that of the rows before it, and the end. Heartbeats can make it last for ever,
    /// so the caller needs a limit.
    /// </summary>
    internal static async Task<(int Last, JsonNode End)> ReadToContinuationAsync(StreamReader lines)
    {
        var last = 0;
        var end = (JsonNode?)null;
        while (await lines.ReadLineAsync() is { } line)
        {
            var frame = JsonNode.Parse(line)!;
            if (frame["row"] is { } row)
                Assert.Equal(++last, row["n"]!.GetValue<int>());
            end = frame["end"] ?? end;
        }

        Assert.True(end?["continue"] is not null, $"The stream ended without a continuation after row {last}: {end}");
        return (last, end!);
    }

    /// <summary>Reads a body that must be cut; gives what came before.</summary>
    internal static async Task<string> ReadToCutAsync(Stream body)
    {
        var read = new MemoryStream();
        await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(read).Within());
        return Encoding.UTF8.GetString(read.ToArray());
    }

    internal static HttpClient ClientOf(FunctionApp app)
        => new(new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 })
        {
            BaseAddress = app.Address,
            Timeout = Bounded.ClientLimit,
        };
}

/// <summary>The tests that share the function app. They run one after another.</summary>
[CollectionDefinition(RunningFunctionApp.Collection)]
public sealed class FunctionAppTests : ICollectionFixture<RunningFunctionApp>;
