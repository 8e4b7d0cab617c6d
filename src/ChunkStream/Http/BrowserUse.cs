using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// What browsers may do with the content of streams: read it, show it, and nothing else. It is whatever its writers like,
/// and has the address of our page: as a script, a style or a worker it would be the page's own, for its
/// Content-Security-Policy too.
/// </summary>
internal static class BrowserUse
{
    // fetch, XMLHttpRequest and EventSource; navigation and downloads, where the policy below holds; media.
    private static readonly string[] Harmless = ["empty", "document", "image", "audio", "video", "track"];

    // A document of it runs nothing, and belongs to no origin.
    private const string ContentPolicy = "default-src 'none'; sandbox";

    /// <summary>Why the request is refused, or null: Sec-Fetch-Dest says what the browser wants to use the answer as.</summary>
    public static Problem? Refusal(HttpRequest request)
        => request.Headers["Sec-Fetch-Dest"] is [{ } use] && !Harmless.Contains(use, StringComparer.OrdinalIgnoreCase) ? Problem.UseRefused : null;

    /// <summary>Protects the browser that shows it all the same.</summary>
    public static void Protect(HttpResponse response)
    {
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = ContentPolicy;
    }
}
