using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// What browsers may do with a stream's content: read it and show it, nothing else. Others write the content, but it
/// has the same origin as the app's page. Used as a script, a style sheet or a worker, it would count as the page's
/// own, also for the page's Content-Security-Policy.
/// </summary>
internal static class BrowserUse
{
    // "empty" is fetch, XMLHttpRequest and EventSource. "document" is navigation and downloads: the policy below holds
    // there.
    private static readonly string[] Harmless = ["empty", "document", "image", "audio", "video", "track"];

    // Shown as a document, the content runs nothing and belongs to no origin.
    private const string ContentPolicy = "default-src 'none'; sandbox";

    /// <summary>
    /// The problem with which a request is refused, or null. The header Sec-Fetch-Dest says what a browser will use the
    /// answer as.
    /// </summary>
    public static Problem? Refusal(HttpRequest request)
        => request.Headers["Sec-Fetch-Dest"] is [{ } use] && !Harmless.Contains(use, StringComparer.OrdinalIgnoreCase)
            ? Problem.UseRefused
            : null;

    /// <summary>Sets the headers that protect a browser which shows the content.</summary>
    public static void Protect(HttpResponse response)
    {
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = ContentPolicy;

        // An address may have a secret in it.
        response.Headers["Referrer-Policy"] = "no-referrer";
    }
}
