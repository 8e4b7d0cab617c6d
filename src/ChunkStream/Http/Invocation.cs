using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>The call that a request is, where a platform told of it.</summary>
internal static class Invocation
{
    /// <summary>The platform's own token for the call; one that never fires where there is none.</summary>
    public static CancellationToken TokenFrom(HttpContext http) => http.Features.Get<IInvocationFeature>()?.Ended ?? CancellationToken.None;

    /// <summary>The lifetime of a stream, or of another response, that begins now.</summary>
    /// <param name="engine">What all streams share.</param>
    /// <param name="http">The request.</param>
    /// <param name="maxDuration">How long it may last, where that is less than every stream may.</param>
    public static StreamLifetime Begin(this StreamEngine engine, HttpContext http, TimeSpan? maxDuration = null)
        => engine.Begin(http.RequestAborted, TokenFrom(http), maxDuration);
}
