using ChunkStream.Http;
using ChunkStream.Problems;

namespace ChunkStream.LocalHost.Web;

/// <summary>
/// Refuses requests that pages of other sites make a browser send; it is used only where no key is set. Without a key
/// whoever reaches the port may do everything, and any page that somebody opens reaches it through their browser. CORS
/// would not help: it only keeps the page from reading the answer.
/// </summary>
/// <param name="origins">The origins whose pages may send requests.</param>
internal sealed class CrossSiteGuard(CorsOrigins origins)
{
    /// <summary>Answers with 403, or calls the next middleware.</summary>
    public Task AnswerAsync(HttpContext context, RequestDelegate next) =>
        Admits(context.Request) ? next(context) : new ProblemResult(Refused).ExecuteAsync(context);

    /// <summary>
    /// Whether the request comes from no page, from our own page or from a listed origin, or opens an address of ours
    /// as a document.
    /// </summary>
    public bool Admits(HttpRequest request)
    {
        // Browsers set Sec-Fetch-Site, and a page cannot change it. Behind a proxy only the browser knows which
        // requests have the same origin.
        var (site, origin) = (request.Headers["Sec-Fetch-Site"].ToString(), request.Headers.Origin.ToString());
        if (site is "same-origin" or "none")
            return true;
        if (origin.Length > 0 && (origins.Allow(origin) || IsOwn(request, origin)))
            return true;
        if (site.Length == 0)
            return origin.Length == 0;
        return origins.AllowEverybody || IsLink(request);
    }

    // Old browsers do not send Sec-Fetch-Site, so the origin is compared with the address that was called.
    private static bool IsOwn(HttpRequest request, string origin) =>
        request.Headers["Sec-Fetch-Site"].Count == 0
        && string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    // Somebody follows a link, and sees where it led them. A request to record is refused: the recording would remain.
    private static bool IsLink(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.Headers["Sec-Fetch-Mode"] == "navigate"
        && request.Headers["Sec-Fetch-Dest"] == "document"
        && !request.Query.ContainsKey("record");

    private static Problem Refused { get; } = new(
        "urn:chunkstream:cross-site", "Cross-site", 403,
        "A page of another origin sent this request, and this host has no key to decide who may: list the origin in "
        + $"{LocalHostOptions.Section}:{nameof(LocalHostOptions.CorsOrigins)} "
        + "(environment: ChunkStream__LocalHost__CorsOrigins).");
}
