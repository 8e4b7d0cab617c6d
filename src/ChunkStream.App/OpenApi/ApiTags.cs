using Microsoft.OpenApi;

namespace ChunkStream.App.OpenApi;

/// <summary>What operations belong to.</summary>
internal static class ApiTags
{
    public const string Queries = "queries";
    public const string Generators = "generators";
    public const string DurableStreams = "durable streams";
    public const string Service = "service";

    /// <summary>All of them.</summary>
    public static HashSet<OpenApiTag> All() =>
    [
        new() { Name = Queries, Description = "Rows of Postgres, of the queries that files on the server declare." },
        new() { Name = Generators, Description = "What programs on the server yield." },
        new() { Name = DurableStreams, Description = "Logs that are appended to and followed, by the open protocol." },
        new() { Name = Service, Description = "What there is, and how it is." },
    ];
}
