using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Headers;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.App;

/// <summary>
/// A response that is a file of the page. Browsers ask each time whether theirs is still the newest, and get the file
/// only if it is not.
/// </summary>
internal sealed class UiResult(UiFile file) : IResult
{
    // The page loads only what this server itself gives: a value out of the database that became markup would still
    // load and run nothing. A stream's content has this address too, but BrowserUse refuses it as a script or a style.
    // Source expressions with a path would need the address that browsers know, which proxies keep from us.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    // The only file of the page that is not in the assembly: the app makes it.
    private const string Generators = "generators.json";

    /// <summary>The file that a request asks for by its route.</summary>
    /// <param name="request">The request.</param>
    /// <param name="generators">The list of generators, which only the running app knows.</param>
    public static IResult For(HttpRequest request, UiFile generators)
    {
        // Not a bound parameter: the Functions worker gives none to a handler that takes the request.
        var path = request.RouteValues["path"]?.ToString() ?? "";
        var address = request.Path.Value ?? "";
        if (path.Length == 0 && !address.EndsWith('/'))
        {
            // The page names its files from its own folder. The address is relative: only browsers know the whole one.
            return TypedResults.Redirect(address[(address.LastIndexOf('/') + 1)..] + "/" + request.QueryString);
        }

        return (path == Generators ? generators : UiFile.Find(path)) is { } file
            ? new UiResult(file)
            : new ProblemResult(Problem.NotFound(
                $"The page has no such file; it begins at /{EndpointTable.UiRoute}/."));
    }

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var (request, response) = (httpContext.Request.GetTypedHeaders(), httpContext.Response);
        var isCompressed = request.AcceptEncoding.Any(
            value => value.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && value.Quality is not 0);
        var tag = new EntityTagHeaderValue($"\"{file.Hash}{(isCompressed ? "-gzip" : "")}\"");

        response.Headers.ETag = tag.ToString();
        response.Headers.CacheControl = "no-cache";
        response.Headers.Vary = "Accept-Encoding";
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        if (IsKnown(request, tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var body = isCompressed ? file.Compressed : file.Bytes;
        if (isCompressed)
            response.Headers.ContentEncoding = "gzip";
        response.ContentType = file.ContentType;
        response.ContentLength = body.Length;
        if (HttpMethods.IsHead(httpContext.Request.Method))
            return;

        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(
            httpContext.RequestAborted, Invocation.TokenFrom(httpContext));
        await response.Body.WriteAsync(body, lifetime.Token).ConfigureAwait(false);
    }

    private static bool IsKnown(RequestHeaders request, EntityTagHeaderValue tag)
        => request.IfNoneMatch.Any(
            known => known.Equals(EntityTagHeaderValue.Any) || known.Compare(tag, useStrongComparison: false));
}
