using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ChunkStream.Http;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.App;

/// <summary>200 while all is well, 503 with which dependency is down.</summary>
internal sealed class HealthResult(PostgresHealth postgres) : IResult
{
    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(
            httpContext.RequestAborted, Invocation.TokenFrom(httpContext));
        var failure = await postgres.FailureAsync(lifetime.Token).ConfigureAwait(false);
        var report = failure is null
            ? Report("healthy", "up")
            : Report("unhealthy", "down: " + PostgresFailures.Describe(failure).Detail);

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

    private static HealthReport Report(string status, string postgres)
        => new(status, new Dictionary<string, string> { ["postgres"] = postgres });
}

/// <summary>The body of <c>/health</c>.</summary>
/// <param name="Status"><c>healthy</c> or <c>unhealthy</c>.</param>
/// <param name="Dependencies">For each dependency <c>up</c>, or <c>down: </c> and why.</param>
internal sealed record HealthReport(
    [property: JsonPropertyName("status")] string Status,
    [property: JsonPropertyName("dependencies")] IReadOnlyDictionary<string, string> Dependencies);

/// <summary>The JSON of <see cref="HealthReport"/>, without reflection.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(HealthReport))]
internal sealed partial class HealthJson : JsonSerializerContext
{
    /// <summary>Leaves quotes and non-ASCII readable: a person may read this in a terminal.</summary>
    public static HealthJson Readable { get; } =
        new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
