using ChunkStream.Formats;
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
    // A source that does not heed its token must not keep a response open that has nothing more to say.
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    /// <exception cref="StreamCutException">The stream failed after its first byte.</exception>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        SetHeaders(httpContext.Response);
        if (HttpMethods.IsHead(httpContext.Request.Method))
            return;

        AllowSlowReaders(httpContext);
        using var lifetime = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, invocation);
        var source = open(format.Encoding, lifetime.Token);
        var outcome = await StreamAsync(httpContext, source, lifetime.Token).ConfigureAwait(false);
        await lifetime.CancelAsync().ConfigureAwait(false);
        await ReleaseAsync(source).ConfigureAwait(false);

        // The server closes the connection without the end of the body, after it has sent what was flushed. (Abort would
        // throw away what is still in the socket's buffer, an error frame with it.)
        if (outcome is StreamOutcome.Failed or StreamOutcome.Stopped)
            throw new StreamCutException(name, outcome);
    }

    private async Task<StreamOutcome> StreamAsync(HttpContext http, StreamSource source, CancellationToken cancellation)
    {
        var started = engine.Time.GetTimestamp();
        var pump = new StreamPump(source, format, http.Response.BodyWriter, engine.Options.FlushBytes);
        var (outcome, failure) = (StreamOutcome.Completed, (Exception?)null);
        try
        {
            await source.WaitToReadAsync().ConfigureAwait(false);
            await http.Response.StartAsync(cancellation).ConfigureAwait(false);
            if (await pump.RunAsync(cancellation).ConfigureAwait(false))
                await http.Response.CompleteAsync().ConfigureAwait(false);
            else
                outcome = StreamOutcome.ClientLeft;
        }
        catch (Exception exception)
        {
            (outcome, failure) = (OutcomeOf(http), exception);
        }

        if (outcome is StreamOutcome.Refused)
            await RefuseAsync(http, source, failure!).ConfigureAwait(false);
        engine.Log.StreamEnded(
            name, format.Name, outcome, pump.Records, pump.Bytes, engine.Time.GetElapsedTime(started), failure);
        return outcome;
    }

    /// <summary>The one place where an exception becomes an outcome.</summary>
    private StreamOutcome OutcomeOf(HttpContext http)
    {
        if (http.RequestAborted.IsCancellationRequested)
            return StreamOutcome.ClientLeft;
        if (!http.Response.HasStarted)
            return StreamOutcome.Refused;
        return invocation.IsCancellationRequested ? StreamOutcome.Stopped : StreamOutcome.Failed;
    }

    private static Task RefuseAsync(HttpContext http, StreamSource source, Exception failure)
    {
        http.Response.Clear();
        return new ProblemResult(source.Describe(failure)).ExecuteAsync(http);
    }

    private async Task ReleaseAsync(StreamSource source)
    {
        try
        {
            await source.DisposeAsync().AsTask().WaitAsync(ReleaseLimit, engine.Time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The response has ended as it should; what failed, or takes its time, is the source's own cleaning up.
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
