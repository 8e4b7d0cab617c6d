using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace ChunkStream.Endpoints;

/// <summary>
/// A response whose body is streamed: waits for the first record, commits the status, pumps, and ends the response in
/// the way that its outcome asks for.
/// </summary>
/// <param name="name">The endpoint's name, for the log.</param>
/// <param name="format">The format of the body.</param>
/// <param name="open">Makes the source; the token is cancelled when nobody wants the stream any more.</param>
/// <param name="engine">What all streams share.</param>
/// <param name="invocation">The host's own token: on Azure Functions the only one that fires at <c>functionTimeout</c>.</param>
internal sealed class StreamResult(
    string name,
    StreamFormat format,
    Func<RecordEncoding, CancellationToken, StreamSource> open,
    StreamEngine engine,
    CancellationToken invocation) : IResult
{
    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        SetHeaders(httpContext.Response);
        if (HttpMethods.IsHead(httpContext.Request.Method))
            return;

        AllowSlowReaders(httpContext);
        await StreamAsync(httpContext).ConfigureAwait(false);
    }

    private async Task StreamAsync(HttpContext http)
    {
        var started = engine.Time.GetTimestamp();
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, invocation);
        var pump = (StreamPump?)null;
        var (outcome, failure) = (StreamOutcome.Completed, (Exception?)null);

        var source = open(format.Encoding, lifetime.Token);
        try
        {
            await source.WaitToReadAsync().ConfigureAwait(false);
            pump = new StreamPump(source, format, http.Response.BodyWriter, engine.Options.FlushBytes);
            await http.Response.StartAsync(lifetime.Token).ConfigureAwait(false);
            if (await pump.RunAsync(lifetime.Token).ConfigureAwait(false))
                await http.Response.CompleteAsync().ConfigureAwait(false);
            else
                outcome = StreamOutcome.ClientLeft;
        }
        catch (Exception exception)
        {
            failure = exception;
            outcome = OutcomeOf(exception, http);
            if (outcome is not StreamOutcome.ClientLeft)
                await EndBrokenAsync(http, source.Describe(exception)).ConfigureAwait(false);
        }

        engine.Log.StreamEnded(
            name, format.Name, outcome, pump?.Records ?? 0, pump?.Bytes ?? 0, engine.Time.GetElapsedTime(started), failure);
        await ReleaseAsync(source, lifetime).ConfigureAwait(false);
    }

    /// <summary>The one place where an exception becomes an outcome.</summary>
    private StreamOutcome OutcomeOf(Exception exception, HttpContext http)
    {
        if (http.RequestAborted.IsCancellationRequested)
            return StreamOutcome.ClientLeft;
        if (invocation.IsCancellationRequested)
            return StreamOutcome.Stopped;
        return http.Response.HasStarted ? StreamOutcome.Failed : StreamOutcome.Refused;
    }

    private static async Task EndBrokenAsync(HttpContext http, Problem problem)
    {
        if (http.Response.HasStarted)
        {
            // A clean end would pass the cut-off stream for a whole one.
            http.Abort();
            return;
        }

        http.Response.Clear();
        await new ProblemResult(problem).ExecuteAsync(http).ConfigureAwait(false);
    }

    private async Task ReleaseAsync(StreamSource source, CancellationTokenSource lifetime)
    {
        try
        {
            await lifetime.CancelAsync().ConfigureAwait(false);
            await source.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The response has ended as it should; what failed is the source's own cleaning up.
            engine.Log.SourceNotReleased(name, exception);
        }
    }

    private void SetHeaders(HttpResponse response)
    {
        response.ContentType = format.ContentType;
        response.Headers.CacheControl = "no-store, no-transform";
        response.Headers["X-Accel-Buffering"] = "no";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.Vary = "Accept";
    }

    /// <summary>Kestrel cuts readers under 240 bytes a second; a reader that pauses is backpressure here, not an attack.</summary>
    private static void AllowSlowReaders(HttpContext http)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
    }
}
