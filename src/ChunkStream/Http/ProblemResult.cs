using System.Text.Json;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>A response that is a problem: its status, and a body of <c>application/problem+json</c>.</summary>
/// <param name="problem">What the client is told.</param>
public sealed class ProblemResult(Problem problem) : IResult
{
    /// <summary>What the client is told.</summary>
    public Problem Problem => problem;

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var response = httpContext.Response;
        response.StatusCode = problem.Status;
        response.ContentType = "application/problem+json";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (problem.RetryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (problem.Challenge is { } challenge)
            response.Headers.WWWAuthenticate = challenge;

        var body = JsonSerializer.SerializeToUtf8Bytes(problem, ProblemJson.Readable.Problem);
        response.ContentLength = body.Length;

        // Without the request's token: if the client has left, the caller must not get an exception, since it may still
        // have something to release.
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            await response.Body.WriteAsync(body, CancellationToken.None);
    }
}
