using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ChunkStream.LocalHost.Web;

/// <summary>
/// What the web server and its middleware refuse by themselves, without a body or with one of HTML, as problems like all others. It
/// stands before all of them.
/// </summary>
internal sealed class Refusals : IStartupFilter
{
    // Kestrel's own limits. It answers what is over them with an empty body, before anybody is asked: so it takes more, and the
    // difference is refused here. What is over its own limits then is still refused without a word.
    private const int MostLineBytes = 8 * 1024;
    private const int MostHeaderBytes = 32 * 1024;
    private const int MostHeaders = 100;
    private const int Widening = 4;

    /// <summary>Lets Kestrel take what is refused here.</summary>
    public static void Widen(KestrelServerLimits limits)
    {
        limits.MaxRequestLineSize = MostLineBytes * Widening;
        limits.MaxRequestHeadersTotalSize = MostHeaderBytes * Widening;
        limits.MaxRequestHeaderCount = MostHeaders * Widening;
    }

    /// <inheritdoc />
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(AnswerAsync);
        next(app);
    };

    private static async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        if (TooLarge(context) is { } refused)
        {
            await new ProblemResult(refused).ExecuteAsync(context);
            return;
        }

        await next(context);
        if (!context.Response.HasStarted && Empty(context) is { } problem)
            await new ProblemResult(problem).ExecuteAsync(context);
    }

    private static Problem? TooLarge(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestFeature>()?.RawTarget.Length > MostLineBytes)
            return new Problem("urn:chunkstream:uri-too-long", "URI too long", 414, $"Path and query may have {MostLineBytes} bytes at most.");

        // As they came: a name, a colon, a space, a value, a line break.
        var headers = context.Request.Headers;
        var bytes = headers.Sum(header => header.Value.Sum(value => header.Key.Length + (value?.Length ?? 0) + 4));
        return bytes <= MostHeaderBytes && headers.Sum(header => header.Value.Count) <= MostHeaders
            ? null
            : new Problem(
                "urn:chunkstream:headers-too-large", "Headers too large", 431,
                $"A request may have {MostHeaders} headers at most, and {MostHeaderBytes} bytes of them.");
    }

    private static Problem? Empty(HttpContext context) => context.Response switch
    {
        { StatusCode: StatusCodes.Status405MethodNotAllowed } response => new Problem(
            "urn:chunkstream:method-not-allowed", "Method not allowed", 405,
            $"There is no {context.Request.Method} here. There are: {response.Headers.Allow}."),
        { StatusCode: StatusCodes.Status400BadRequest, ContentType: null } => new Problem(
            "urn:chunkstream:foreign-host", "Foreign host", 400,
            "The Host header is none of this server's names: use localhost, or name it in the setting AllowedHosts."),
        _ => null,
    };
}

/// <summary>Registers them.</summary>
internal static class RefusalServices
{
    /// <summary>Adds them before everything else, the filter of hosts too.</summary>
    public static void AddRefusals(this IServiceCollection services)
    {
        services.Insert(0, ServiceDescriptor.Singleton<IStartupFilter, Refusals>());
        services.Configure<HostFilteringOptions>(hosts => hosts.IncludeFailureMessage = false);
    }
}
