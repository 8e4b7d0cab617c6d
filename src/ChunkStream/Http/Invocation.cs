using ChunkStream.Identity;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>Looks up what a platform told of the invocation that a request belongs to.</summary>
internal static class Invocation
{
    /// <summary>
    /// The token that the platform cancels when it ends the invocation; one that never fires if there is none.
    /// </summary>
    public static CancellationToken TokenFrom(HttpContext http)
        => http.Features.Get<IInvocationFeature>()?.Ended ?? CancellationToken.None;

    /// <summary>
    /// Begins the lifetime of a stream, or of another response. It ends when the access of the request does.
    /// </summary>
    /// <param name="engine">The engine of the app.</param>
    /// <param name="http">The request.</param>
    /// <param name="maxDuration">
    /// How long the response may last, if that is less than the engine allows; else null.
    /// </param>
    public static StreamLifetime Begin(this StreamEngine engine, HttpContext http, TimeSpan? maxDuration = null)
        => engine.Begin(http.RequestAborted, TokenFrom(http), maxDuration, AccessEnd.Of(http));
}
