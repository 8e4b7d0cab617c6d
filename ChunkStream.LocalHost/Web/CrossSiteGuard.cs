using ChunkStream.Http;
using ChunkStream.Problems;

namespace ChunkStream.LocalHost.Web;

/// <summary>
/// Refuses what pages of other sites make a browser send, while no key is set: then whoever reaches the port may do
/// everything, and each page that somebody opens reaches it through their browser. CORS only keeps it from the answer.
/// </summary>
/// <param name="origins">Those that may.</param>
internal sealed class CrossSiteGuard(CorsOrigins origins)
{
    /// <summary>Answers with 403, or goes on.</summary>
    public Task AnswerAsync(HttpContext context, RequestDelegate next) =>
        Admits(context.Request) ? next(context) : new ProblemResult(Refused).ExecuteAsync(context);

    /// <summary>Whether the request is of no page, of our own page, of a listed origin, or opens one of our addresses.</summary>
    public bool Admits(HttpRequest request)
    {
        // Browsers set Sec-Fetch-Site, and no page can; behind a proxy only they know what is the same origin.
        var (site, origin) = (request.Headers["Sec-Fetch-Site"].ToString(), request.Headers.Origin.ToString());
        if (site is "same-origin" or "none")
            return true;
        if (origin.Length > 0 && (origins.Allow(origin) || IsOwn(request, origin)))
            return true;
        if (site.Length == 0)
            return origin.Length == 0;
        return origins.AllowEverybody || IsLink(request);
    }

    // Old browsers say nothing of the site.
    private static bool IsOwn(HttpRequest request, string origin) =>
        request.Headers["Sec-Fetch-Site"].Count == 0
        && string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    // Somebody follows a link, and sees where they are. A recording would stay.
    private static bool IsLink(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.Headers["Sec-Fetch-Mode"] == "navigate"
        && request.Headers["Sec-Fetch-Dest"] == "document"
        && !request.Query.ContainsKey("record");

    private static Problem Refused { get; } = new(
        "urn:chunkstream:cross-site", "Cross-site", 403,
        "A page of another origin asks for this, and this host has no key that would tell who may: list the origin in "
        + $"{LocalHostOptions.Section}:{nameof(LocalHostOptions.CorsOrigins)} (environment: ChunkStream__LocalHost__CorsOrigins).");
}
