using ChunkStream.Functions.Tests.Support.FunctionsHost;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// The function app of this repository, as it was built, in one worker process for all tests of the collection. It has
/// a Postgres of its own, so that these tests run beside those of <see cref="RealPostgres.Collection"/>.
/// </summary>
public sealed class RunningFunctionApp : IAsyncLifetime
{
    public const string Collection = "Function app";

    private readonly QueryFiles _queries = new QueryFiles()
        .With(
            "large_table",
            "-- key: n\n-- key-check: each-row\nselect n, 'row ' || n as name from generate_series(1, 10) n")
        .With("series", "-- access: anonymous\nselect n from generate_series(1, 3) n")
        .With("endless", "select n, repeat('x', 1000) as text from generate_series(1, 100000000) n");

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
        ("ChunkStream:Streams:PublicReading", "true"),
        _queries.Setting,
    ];

    public async Task InitializeAsync()
    {
        await Postgres.InitializeAsync();
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
                setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.Value))).Within();

    internal static HttpClient ClientOf(FunctionApp app)
        => new(new SocketsHttpHandler { UseProxy = false, MaxResponseDrainSize = 0 })
        {
            BaseAddress = app.Address,
            Timeout = Bounded.Limit,
        };
}

/// <summary>The tests that share the function app. They run one after another.</summary>
[CollectionDefinition(RunningFunctionApp.Collection)]
public sealed class FunctionAppTests : ICollectionFixture<RunningFunctionApp>;
