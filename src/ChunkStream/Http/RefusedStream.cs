using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// A response that refuses a request for a stream before anything was opened. It is a problem, and it is logged and
/// counted as a stream that ended.
/// </summary>
/// <param name="name">The endpoint's name, for logs and metrics.</param>
/// <param name="problem">What the client is told.</param>
/// <param name="answer">How the client is told it; null for a problem as all others.</param>
internal sealed class RefusedStream(string name, Problem problem, IResult? answer = null) : IResult
{
    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);

        // A HEAD request does not ask for a stream.
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            StreamEngine.From(httpContext.RequestServices).Refused(name, problem);
        return (answer ?? new ProblemResult(problem)).ExecuteAsync(httpContext);
    }
}
