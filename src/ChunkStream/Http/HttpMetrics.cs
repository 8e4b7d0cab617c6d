using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ChunkStream.Http;

/// <summary>Keeps requests that last by design out of the web server's own measurement of slowness.</summary>
internal static class HttpMetrics
{
    /// <summary>
    /// Takes a request out of <c>http.server.request.duration</c>: a stream of minutes is not a slow request, and a few
    /// of them would hide those that are. <c>chunkstream.stream.duration</c> measures it instead. A request that is
    /// refused is counted as any other.
    /// </summary>
    public static void Exclude(HttpContext http)
    {
        // There is none where nobody listens to the web server's meter.
        if (http.Features.Get<IHttpMetricsTagsFeature>() is { } metrics)
            metrics.MetricsDisabled = true;
    }
}
