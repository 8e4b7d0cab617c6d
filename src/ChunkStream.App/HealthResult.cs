using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChunkStream.Http;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.App;

/// <summary>200 while all is well, 503 with which dependency is down.</summary>
/// <param name="postgres">Asks the database.</param>
/// <param name="mostConnections">
/// How many connections to it this process has at most; 0 where there is no database.
/// </param>
internal sealed class HealthResult(PostgresHealth postgres, int mostConnections) : IResult
{
    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(
            httpContext.RequestAborted, Invocation.TokenFrom(httpContext));
        var (failure, connections) = await postgres.StateAsync(lifetime.Token).ConfigureAwait(false);
        var open = StreamEngine.From(httpContext.RequestServices).Metrics.Open;
        var report = failure is null
            ? Report("healthy", "up", open, connections)
            : Report("unhealthy", "down: " + PostgresFailures.Describe(failure).Detail, open, connections);

        var response = httpContext.Response;
        response.StatusCode = failure is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        var body = JsonSerializer.SerializeToUtf8Bytes(report, HealthJson.Readable.HealthReport);
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            await response.Body.WriteAsync(body, lifetime.Token).ConfigureAwait(false);
    }

    private HealthReport Report(string status, string postgres, long open, int? ofServer) => new(
        status,
        new Dictionary<string, string> { ["postgres"] = postgres },
        new StreamCount(open),
        mostConnections > 0 ? new ConnectionReport(mostConnections, ofServer, ofServer / mostConnections) : null);
}

/// <summary>The body of <c>/health</c>.</summary>
/// <param name="Status"><c>healthy</c> or <c>unhealthy</c>.</param>
/// <param name="Dependencies">For each dependency <c>up</c>, or <c>down: </c> and why.</param>
/// <param name="Streams">The streams of this instance.</param>
/// <param name="Connections">Those to the database, if there is one.</param>
internal sealed record HealthReport(
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("dependencies")] IReadOnlyDictionary<string, string> Dependencies,
    [property: JsonPropertyName("streams")] StreamCount Streams,
    [property: JsonPropertyName("connections")] ConnectionReport? Connections);

/// <summary>The streams of this instance.</summary>
/// <param name="Open">How many are open.</param>
internal sealed record StreamCount([property: JsonPropertyName("open")] long Open);

/// <summary>Whether the database has the connections for all instances.</summary>
/// <param name="PerInstance">How many an instance has at most: the pools, and three beside them.</param>
/// <param name="Server">How many ordinary roles have there altogether; null while it does not answer.</param>
/// <param name="Instances">For how many instances that is enough, if nobody else uses the server.</param>
internal sealed record ConnectionReport(
    [property: JsonPropertyName("perInstance")] int PerInstance,
    [property: JsonPropertyName("server")] int? Server,
    [property: JsonPropertyName("instances")] int? Instances);

/// <summary>The JSON of <see cref="HealthReport"/>, without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class HealthJson : JsonSerializerContext
{
    /// <summary>Leaves quotes and non-ASCII readable: a person may read this in a terminal.</summary>
    public static HealthJson Readable { get; } =
        new(new JsonSerializerOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        });
}
