using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>The answer to a request for a stream that is refused before there is anything to stream: a problem, and the event of a stream that ended.</summary>
/// <param name="name">The endpoint's name, for the log.</param>
/// <param name="problem">What the client is told.</param>
internal sealed class RefusedStream(string name, Problem problem) : IResult
{
    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);

        // HEAD asks for no stream.
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            StreamEngine.From(httpContext.RequestServices).Refused(name, problem);
        return new ProblemResult(problem).ExecuteAsync(httpContext);
    }
}
