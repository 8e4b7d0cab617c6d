using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// The answer to a client that had the end of a stream already: 204. A cache may keep a 204 unless it is told not to,
/// and would give it to clients that had less, and to other users.
/// </summary>
internal sealed class NothingMoreResult : IResult
{
    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        httpContext.Response.StatusCode = StatusCodes.Status204NoContent;
        StreamResult.SetHeaders(httpContext.Response);
        return Task.CompletedTask;
    }
}
