using ChunkStream.App;
using ChunkStream.Demo;
using ChunkStream.Postgres.Queries;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Everything that is only there to be tried out: two generators, three tables with their queries, and calls to begin
/// with. To take it out, delete this folder and the line with <c>AddDemo</c> in each host.
/// </summary>
internal static class Demo
{
    private const string Table = "large_table";

    // A million lines is a few seconds' work. Five minutes between two lines is more than the 230 s of silence after
    // which Azure's load balancer cuts a connection, so that one can see heartbeats bridge it. (The format text has
    // none.)
    private const int MostChunks = 1_000_000;
    private const int MostIntervalMs = 300_000;

    /// <summary>Adds the demo's generators and queries to an app.</summary>
    /// <param name="builder">What <c>AddChunkStreamApp()</c> gave.</param>
    public static ChunkStreamBuilder AddDemo(this ChunkStreamBuilder builder) => builder
        .AddGenerator(services =>
        {
            var time = services.GetRequiredService<TimeProvider>();
            return new GeneratorEndpoint<string>(
                "stream",
                "A line of text at a time, from a generator",
                (given, token) => DemoGenerators.Lines(given.Number("chunks"), Interval(given), time, token),
                DemoJson.Default.String)
            {
                Access = EndpointAccess.Anonymous,
                Parameters = Parameters(defaultChunks: 10),
                IsRecordable = true,
                Examples = [new("stream?chunks=10&intervalMs=1000")],
            };
        })
        .AddGenerator(services =>
        {
            var time = services.GetRequiredService<TimeProvider>();
            return new GeneratorEndpoint<ChunkMessage>(
                "json-stream",
                "A JSON message at a time, from a generator",
                (given, token) => DemoGenerators.Messages(given.Number("chunks"), Interval(given), time, token),
                DemoJson.Default.ChunkMessage)
            {
                Access = EndpointAccess.Anonymous,
                Parameters = Parameters(defaultChunks: 5),
                IsRecordable = true,
                Examples = [new("json-stream?chunks=5&intervalMs=1000")],
            };
        })
        .AddQueries(options => options.DefaultQuery ??= Table)
        .AddQueryFolder()
        .AddExample("db-stream", new("db-stream"))
        .AddExample("query", new($"queries/{Table}?limit=10"))
        .AddExample("public-query", new("public/queries/departures?live=sse"));

    // Only where the settings name no folder. A deployment names one, since its database lacks the demo's tables.
    private static ChunkStreamBuilder AddQueryFolder(this ChunkStreamBuilder builder)
    {
        builder.Services.AddOptions<QueryOptions>()
            .Configure<Microsoft.Extensions.Configuration.IConfiguration>((options, settings) =>
            {
                if (settings[$"{QueryOptions.Section}:{nameof(QueryOptions.QueriesPath)}"] is null)
                    options.QueriesPath += ";demo/queries";
            });
        return builder;
    }

    private static GeneratorParameter[] Parameters(int defaultChunks) =>
    [
        GeneratorParameter.Number("chunks", defaultChunks, least: 1, MostChunks),
        GeneratorParameter.Number("intervalMs", 1000, least: 0, MostIntervalMs),
    ];

    private static TimeSpan Interval(GeneratorArguments given) => TimeSpan.FromMilliseconds(given.Number("intervalMs"));
}
