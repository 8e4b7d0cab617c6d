using System.Globalization;
using ChunkStream.Benchmarks.E2e.Client;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.E2e.Servers;
using ChunkStream.Benchmarks.Peers;

namespace ChunkStream.Benchmarks.E2e.Cases;

/// <summary>All that the end-to-end benchmark measures.</summary>
/// <param name="settings">How large the cases are.</param>
/// <param name="databases">The databases from which the rows come.</param>
internal sealed class CaseGroups(E2eSettings settings, TestDatabases databases)
{
    private const string PsqlCopy = "psql-copy";
    private const string Ndjson = "ndjson";
    private const string DbStream = "/db-stream";
    private const long ConcurrentRows = 100_000;
    private const long LargeRows = 10_000_000;
    private const int Items = 1_000_000;
    private const int SlowReaders = 200;

    // A run of these takes many times as long as one of the others, and they differ from the others by more than they
    // vary.
    private const int RoundsOfSlowPeers = 2;

    /// <summary>The groups, those that take long only if they are asked for.</summary>
    public IReadOnlyList<CaseGroup> All =>
    [
        new("rows", $"The rows of a query: {Count(settings.Rows)}, one stream", [PsqlCopy, Ndjson],
            RowCases()),
        new("generators", $"Generators: {Count(Items)} items", ["flask-stream"], GeneratorCases()),
        new(
            "concurrent",
            $"Many streams at once, {Count(ConcurrentRows)} rows each",
            ["one-stream"],
            ConcurrentCases()),
        new("slow", $"Slow readers of {Count(settings.Rows)} rows", [],
            [new SlowReadersCase(SlowReaders, Ours(settings.Rows), DbStreamAs(Ndjson, StreamRequest.Line))]),
        .. settings.Large
            ? (CaseGroup[])[new("large", $"A large table: {Count(LargeRows)} rows", [], LargeCases())]
            : [],
    ];

    private IReadOnlyList<IBenchmarkCase> RowCases() =>
    [
        new PsqlCopyCase(
            PsqlCopy,
            "select * from large_table",
            cancellation => databases.WithRowsAsync(settings.Rows, cancellation),
            settings.Rows),
        OurRows(Ndjson, "**ChunkStream**, NDJSON", DbStreamAs(Ndjson, StreamRequest.FirstColumn)),
        OurRows("csv", "ChunkStream, CSV", DbStreamAs("csv", StreamRequest.Line) with { MarksBeside = 1 }),
        OurRows("frames", "ChunkStream, frames", DbStreamAs("frames", StreamRequest.FirstColumn)),
        OurRows("sse", "ChunkStream, server-sent events", DbStreamAs("sse", StreamRequest.FirstColumn)),
        OurRows("gzip", "ChunkStream, NDJSON in gzip", DbStreamAs(Ndjson, StreamRequest.FirstColumn, "gzip")),
        OurRows("br", "ChunkStream, NDJSON in Brotli", DbStreamAs(Ndjson, StreamRequest.FirstColumn, "br")),
        PeerRows("row-to-json", "Postgres's row_to_json, lines through Npgsql and ASP.NET Core",
            AspNetServer.StartAsync, new StreamRequest(AspNetPeer.RowToJsonRoute, StreamRequest.FirstColumn)),
        PeerRows("dapper", "ASP.NET Core minimal API, Dapper's QueryUnbufferedAsync",
            AspNetServer.StartAsync, new StreamRequest(AspNetPeer.DapperRoute, StreamRequest.FirstColumn)),
        PeerRows("dictionary", "ASP.NET Core minimal API, IAsyncEnumerable of dictionaries",
            AspNetServer.StartAsync, new StreamRequest(AspNetPeer.DictionaryRoute, StreamRequest.FirstColumn)),
        PeerRows("node", "Node, pg-query-stream", NodeServer.StartAsync,
            new StreamRequest(DbStream, StreamRequest.FirstColumn), RoundsOfSlowPeers),
        PeerRows("flask", "Flask, psycopg2's named cursor, gunicorn; arrays without the columns' names",
            FlaskServer.StartAsync, new StreamRequest(DbStream, StreamRequest.Line), RoundsOfSlowPeers),
    ];

    private IReadOnlyList<IBenchmarkCase> GeneratorCases() =>
    [
        new HttpCase("stream", "**ChunkStream**, lines of text", Ours(settings.Rows),
            new StreamRequest($"{LocalHostServer.Api}/lines?count={Items}", StreamRequest.Line), Items),
        new HttpCase("json-stream", "**ChunkStream**, NDJSON", Ours(settings.Rows),
            new StreamRequest($"{LocalHostServer.Api}/messages?count={Items}", StreamRequest.Line),
            Items),
        new HttpCase("flask-stream", "Flask, a generator of lines, gunicorn", On(settings.Rows, FlaskServer.StartAsync),
            new StreamRequest($"/stream/{Items}", StreamRequest.Line), Items)
        {
            MostRounds = RoundsOfSlowPeers,
        },
    ];

    private IReadOnlyList<IBenchmarkCase> ConcurrentCases() =>
    [
        new HttpCase("one-stream", "ChunkStream, NDJSON, one stream", Ours(ConcurrentRows),
            DbStreamAs(Ndjson, StreamRequest.Line), ConcurrentRows),
        new HttpCase("many-streams", $"**ChunkStream**, NDJSON, {settings.Concurrent} streams at once",
            Ours(ConcurrentRows), DbStreamAs(Ndjson, StreamRequest.Line), ConcurrentRows)
        {
            Streams = settings.Concurrent,
        },
    ];

    private IReadOnlyList<IBenchmarkCase> LargeCases() =>
    [
        new HttpCase("large-table", "ChunkStream, NDJSON", Ours(LargeRows),
            DbStreamAs(Ndjson, StreamRequest.Line), LargeRows)
        {
            MostRounds = 1,
            HasWarmUp = false,
        },
    ];

    private HttpCase OurRows(string name, string what, StreamRequest request) =>
        new(name, what, Ours(settings.Rows), request, settings.Rows);

    private HttpCase PeerRows(
        string name,
        string what,
        Func<TestDatabase, CancellationToken, Task<ServerProcess>> start,
        StreamRequest request,
        int mostRounds = int.MaxValue) =>
        new(name, what, On(settings.Rows, start), request, settings.Rows) { MostRounds = mostRounds };

    private Func<CancellationToken, Task<ServerProcess>> Ours(long rows) => On(rows, LocalHostServer.StartAsync);

    private Func<CancellationToken, Task<ServerProcess>> On(
        long rows, Func<TestDatabase, CancellationToken, Task<ServerProcess>> start) =>
        async cancellation => await start(await databases.WithRowsAsync(rows, cancellation), cancellation);

    private static string Count(long records) => records.ToString("N0", CultureInfo.InvariantCulture);

    private static StreamRequest DbStreamAs(string format, byte[] mark, string? encoding = null) =>
        new($"{LocalHostServer.Api}{DbStream}?format={format}", mark) { Encoding = encoding };
}
