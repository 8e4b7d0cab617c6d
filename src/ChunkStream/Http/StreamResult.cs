using System.Globalization;
using ChunkStream.Formats;
using ChunkStream.Identity;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Net.Http.Headers;

namespace ChunkStream.Http;

/// <summary>
/// A response whose body is streamed. It sets the headers, answers HEAD requests, and leaves the body to a
/// <see cref="StreamRun"/>.
/// </summary>
/// <param name="stream">The stream.</param>
/// <param name="format">The format of the body.</param>
/// <param name="setHeaders">
/// Sets the headers, after Content-Encoding was set; null for those of a response that no cache may keep.
/// </param>
internal sealed class StreamResult(
    OfferedStream stream, StreamFormat format, Action<HttpResponse>? setHeaders = null) : IResult
{
    /// <summary>
    /// The header that says about how many records there will be. It is left out if that is not known in time.
    /// </summary>
    public const string EstimateHeader = "ChunkStream-Estimated-Rows";

    /// <inheritdoc />
    /// <exception cref="StreamCutException">
    /// The stream was not complete; only an exception makes the server cut the response.
    /// </exception>
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
        if (stream.SharedFor is { } time)
        {
            httpContext.Response.Headers.CacheControl = string.Create(
                CultureInfo.InvariantCulture, $"public, max-age={(int)time.TotalSeconds}, no-transform");
            TellOriginsApart(httpContext.Response);
        }

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
            // The check ends as a stream would. A client that has left gets no answer.
            problem = lifetime.Describe(lifetime.Ended.Value);
        }

        if (problem is null || lifetime.Ended is StreamOutcome.ClientLeft)
            return;
        http.Response.Clear();
        await new ProblemResult(problem).ExecuteAsync(http).ConfigureAwait(false);
    }

    /// <summary>Sets the headers by which no cache keeps a stream, and no proxy buffers or changes it.</summary>
    internal static void SetHeaders(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store, no-transform";
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.Vary = response.HttpContext.Features.Get<Caller>() is null
            ? "Accept, Accept-Encoding"
            : "Accept, Accept-Encoding, Authorization";
    }

    /// <summary>
    /// Tells caches that pages of other origins need an answer of their own: one that a page of the app's origin was
    /// given has no leave for them.
    /// </summary>
    internal static void TellOriginsApart(HttpResponse response)
        => response.Headers.Append(HeaderNames.Vary, HeaderNames.Origin);

    /// <summary>
    /// Turns off Kestrel's minimum of 240 bytes a second: here a reader that pauses means backpressure, not an attack.
    /// </summary>
    private static void AllowSlowReaders(HttpContext http)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
    }
}
