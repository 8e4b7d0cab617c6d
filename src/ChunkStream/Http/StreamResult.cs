using System.Globalization;
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
/// <param name="name">The endpoint's name, for the log.</param>
/// <param name="format">The format of the body.</param>
/// <param name="open">Makes the source; the token is cancelled when nobody wants the stream any more.</param>
/// <param name="engine">What all streams share.</param>
/// <param name="invocation">The host's own token: on Azure Functions the only one that fires at <c>functionTimeout</c>.</param>
/// <param name="setHeaders">Sets the headers of the response, whose Content-Encoding is set; null for those of a result that nobody may keep.</param>
/// <param name="check">Asked for a HEAD, which opens no source: the problem with which a GET would be refused, or null.</param>
internal sealed class StreamResult(
    string name,
    StreamFormat format,
    Func<RecordEncoding, CancellationToken, StreamSource> open,
    StreamEngine engine,
    CancellationToken invocation,
    Action<HttpResponse>? setHeaders = null,
    Func<CancellationToken, Task<Problem?>>? check = null) : IResult
{
    // A source that does not heed its token must not keep a response open that has nothing more to say.
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(2);

    /// <summary>About how many records there will be; left out where nobody knows in time.</summary>
    public const string EstimateHeader = "ChunkStream-Estimated-Rows";

    /// <inheritdoc />
    /// <exception cref="StreamCutException">The stream ended before it was complete, and only so does the host learn of it.</exception>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        if (BrowserUse.Refusal(httpContext.Request) is { } refused)
        {
            await new RefusedStream(name, refused, engine).ExecuteAsync(httpContext).ConfigureAwait(false);
            return;
        }

        BrowserUse.Protect(httpContext.Response);
        await using var body = ResponseBody.For(httpContext, format);
        httpContext.Response.ContentType = format.ContentType;
        (setHeaders ?? SetHeaders)(httpContext.Response);
        if (HttpMethods.IsHead(httpContext.Request.Method))
        {
            await CheckAsync(httpContext).ConfigureAwait(false);
            return;
        }

        AllowSlowReaders(httpContext);
        engine.Metrics.Started(name, format.Name);
        var started = engine.Time.GetTimestamp();
        using var lifetime = engine.Begin(httpContext.RequestAborted, invocation);
        var source = open(format.Encoding, lifetime.Token);
        var pump = new StreamPump(source, format, body.Writer, engine.Options, engine.Time);
        var end = new ResponseEnd(httpContext, isBehindHost: invocation.CanBeCanceled, engine.Time);

        var (outcome, problem, failure, clientLeft) = await StreamAsync(httpContext.Response, body, source, pump, lifetime, end).ConfigureAwait(false);
        if (clientLeft)
            Report(StreamOutcome.ClientLeft, problem: null, failure: null, pump, started);
        else
            Report(outcome, problem, failure, pump, started);
        await pump.SettleAsync().ConfigureAwait(false);
        await lifetime.EndAsync().ConfigureAwait(false);
        await ReleaseAsync(source).ConfigureAwait(false);

        if (outcome is StreamOutcome.Completed or StreamOutcome.Continued)
        {
            await end.WholeAsync().ConfigureAwait(false);
        }
        else if (outcome is StreamOutcome.Failed or StreamOutcome.DeadlineReached or StreamOutcome.Stopped)
        {
            await pump.UntilHeardAsync(httpContext.RequestAborted).ConfigureAwait(false);

            // Where nobody is there, as far as we know, an exception would only fill the logs. Who is there sees the cut.
            if (clientLeft)
                httpContext.Abort();
            else if (!await end.BreakAsync().ConfigureAwait(false))
                throw new StreamCutException(name, outcome);
        }
    }

    private async Task CheckAsync(HttpContext http)
    {
        if (check is null)
            return;

        using var lifetime = engine.Begin(http.RequestAborted, invocation);
        Problem? problem;
        try
        {
            problem = await check(lifetime.Token).ConfigureAwait(false);
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

    /// <summary>Streams, and gives how the response ended; and whether that was because the client left, as far as we know.</summary>
    private async Task<(StreamOutcome Outcome, Problem? Problem, Exception? Failure, bool ClientLeft)> StreamAsync(
        HttpResponse response, ResponseBody body, StreamSource source, StreamPump pump, StreamLifetime lifetime, ResponseEnd end)
    {
        try
        {
            var first = await FirstRecordAsync(source, lifetime.Token).ConfigureAwait(false);
            if (first.IsCompletedSuccessfully && source.Schema.EstimatedRows is { } rows)
                response.Headers[EstimateHeader] = rows.ToString(CultureInfo.InvariantCulture);
            end.Begin();
            await response.StartAsync(lifetime.Token).ConfigureAwait(false);
            await pump.RunAsync(first, lifetime.Token).ConfigureAwait(false);
            await body.CompleteAsync().ConfigureAwait(false);
            return (StreamOutcome.Completed, null, null, false);
        }
        catch (Exception failure)
        {
            // The one place where an exception becomes an outcome.
            var ended = failure is ReaderGoneException ? StreamOutcome.ClientLeft : lifetime.Ended;
            if (ended is StreamOutcome.ClientLeft)
                return (StreamOutcome.ClientLeft, null, failure, true);

            // Now, since a client may also leave because of what it hears next.
            var clientLeft = ended is StreamOutcome.Stopped && lifetime.ClientLeft;

            var problem = (ended is { } how ? StreamLifetime.Describe(how) : null) ?? source.Describe(failure);
            if (!response.HasStarted)
            {
                response.Clear();
                await new ProblemResult(problem).ExecuteAsync(response.HttpContext).ConfigureAwait(false);
                return (StreamOutcome.Refused, problem, failure, clientLeft);
            }

            // What can be continued is not broken off, it is parted.
            if (ended is not null && await pump.ContinueElsewhereAsync().ConfigureAwait(false))
            {
                await body.CompleteAsync().ConfigureAwait(false);
                return (StreamOutcome.Continued, null, null, clientLeft);
            }

            // Who does not even take the error would hold the connection for as long as it likes.
            if (!await pump.FailAsync(problem).ConfigureAwait(false))
                response.HttpContext.Abort();
            return (ended ?? StreamOutcome.Failed, ended is null ? problem : null, failure, clientLeft);
        }
    }

    /// <summary>
    /// Waits for the first record, so that a failure is a real status; not for ever, where heartbeats can tell a client
    /// and the proxies before it that we live.
    /// </summary>
    private async Task<ValueTask<bool>> FirstRecordAsync(StreamSource source, CancellationToken cancellation)
    {
        var first = source.WaitToReadAsync();
        if (first.IsCompletedSuccessfully)
            return first;

        var pending = first.AsTask();
        var limit = format.HasHeartbeat ? TimeSpan.FromSeconds(engine.Options.FirstRecordSeconds) : Timeout.InfiniteTimeSpan;
        if (await pending.CompletesWithinAsync(limit, engine.Time, cancellation).ConfigureAwait(false))
            await pending.ConfigureAwait(false);

        // Else the response starts without it.
        return new ValueTask<bool>(pending);
    }

    private void Report(StreamOutcome outcome, Problem? problem, Exception? failure, StreamPump pump, long started)
    {
        var report = new StreamReport(
            name,
            format.Name,
            outcome,
            problem,
            pump.Records,
            pump.Bytes,
            engine.Time.GetElapsedTime(started),
            pump.FirstFlush is { } flushed ? engine.Time.GetElapsedTime(started, flushed) : null,
            pump.Stalled);
        engine.Log.StreamEnded(report, failure);
        engine.Metrics.Ended(report);
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
