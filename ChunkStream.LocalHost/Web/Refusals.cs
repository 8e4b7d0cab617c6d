using ChunkStream.Http;
using ChunkStream.Problems;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace ChunkStream.LocalHost.Web;

/// <summary>
/// Gives a problem as body to requests that the web server or its middleware refuse by themselves; those would have an
/// empty body or one of HTML. This middleware comes before all other middleware.
/// </summary>
internal sealed class Refusals : IStartupFilter
{
    // These are Kestrel's default limits. Kestrel refuses what exceeds its limits with an empty body, before any
    // middleware runs. So it gets wider limits, and what exceeds these is refused here. Only what exceeds the wider
    // limits is still refused with an empty body.
    private const int MostLineBytes = 8 * 1024;
    private const int MostHeaderBytes = 32 * 1024;
    private const int MostHeaders = 100;
    private const int Widening = 4;

    /// <summary>Makes Kestrel let requests through that are then refused here.</summary>
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
        {
            return new Problem(
                "urn:chunkstream:uri-too-long", "URI too long", 414,
                $"Path and query may have {MostLineBytes} bytes at most.");
        }

        // A header on the wire is a name, a colon, a space, a value and a line break: 4 bytes more than name and value.
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
            $"This route does not take {context.Request.Method}. It takes: {response.Headers.Allow}."),
        { StatusCode: StatusCodes.Status400BadRequest, ContentType: null } => new Problem(
            "urn:chunkstream:foreign-host", "Foreign host", 400,
            "The Host header is not a name of this server: use localhost, or add the name to the setting "
            + "AllowedHosts."),
        _ => null,
    };
}

/// <summary>Registers <see cref="Refusals"/>.</summary>
internal static class RefusalServices
{
    /// <summary>Adds <see cref="Refusals"/> before all other middleware, even before the filter of hosts.</summary>
    public static void AddRefusals(this IServiceCollection services)
    {
        services.Insert(0, ServiceDescriptor.Singleton<IStartupFilter, Refusals>());
        services.Configure<HostFilteringOptions>(hosts => hosts.IncludeFailureMessage = false);
    }
}
