using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ChunkStream.Http;

/// <summary>
/// A response whose body is streamed: waits for the first record, commits the status, pumps, and ends the response in
/// the way that its outcome asks for.
/// </summary>
/// <param name="stream">What is streamed.</param>
/// <param name="format">The format of the body.</param>
/// <param name="setHeaders">Sets the headers of the response, whose Content-Encoding is set; null for those of a result that nobody may keep.</param>
internal sealed class StreamResult(OfferedStream stream, StreamFormat format, Action<HttpResponse>? setHeaders = null) : IResult
{
    /// <summary>About how many records there will be; left out where nobody knows in time.</summary>
    public const string EstimateHeader = "ChunkStream-Estimated-Rows";

    /// <inheritdoc />
    /// <exception cref="StreamCutException">The stream ended before it was complete, and only so does the host learn of it.</exception>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var engine = StreamEngine.From(httpContext.RequestServices);
        if (BrowserUse.Refusal(httpContext.Request) is { } refused)
        {
            await new RefusedStream(stream.Name, refused).ExecuteAsync(httpContext).ConfigureAwait(false);
            return;
        }

        BrowserUse.Protect(httpContext.Response);
        await using var body = ResponseBody.For(httpContext, format);
        httpContext.Response.ContentType = format.ContentType;
        (setHeaders ?? SetHeaders)(httpContext.Response);
        if (HttpMethods.IsHead(httpContext.Request.Method))
        {
            await CheckAsync(httpContext, engine).ConfigureAwait(false);
            return;
        }

        AllowSlowReaders(httpContext);
        using var run = new StreamRun(httpContext, stream, format, body, engine);
        await run.RunAsync().ConfigureAwait(false);
    }

    private async Task CheckAsync(HttpContext http, StreamEngine engine)
    {
        if (stream.Check is null)
            return;

        using var lifetime = engine.Begin(http);
        Problem? problem;
        try
        {
            problem = await stream.Check(lifetime.Token).ConfigureAwait(false);
        }
        catch (Exception) when (lifetime.Ended is not null)
        {
            // It ends as a stream would, and who is gone hears nothing.
            problem = StreamLifetime.Describe(lifetime.Ended.Value);
        }

        if (problem is null || lifetime.Ended is StreamOutcome.ClientLeft)
            return;
        http.Response.Clear();
        await new ProblemResult(problem).ExecuteAsync(http).ConfigureAwait(false);
    }

    /// <summary>No cache may keep a stream, and no proxy may hold it back or change it.</summary>
    internal static void SetHeaders(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store, no-transform";
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.Vary = "Accept, Accept-Encoding";
    }

    /// <summary>Kestrel cuts readers under 240 bytes a second; a reader that pauses is backpressure here, not an attack.</summary>
    private static void AllowSlowReaders(HttpContext http)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
    }
}
