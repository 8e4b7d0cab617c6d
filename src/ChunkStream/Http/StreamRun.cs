using System.Globalization;
using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// The body of one response: waits for the first record, commits the status, pumps, and ends the response in the way
/// that its outcome asks for.
/// </summary>
internal sealed class StreamRun : IDisposable
{
    // A source that does not heed its token must not keep a response open that has nothing more to say.
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(2);

    private readonly HttpContext _http;
    private readonly OfferedStream _stream;
    private readonly StreamFormat _format;
    private readonly ResponseBody _body;
    private readonly StreamEngine _engine;
    private readonly StreamLifetime _lifetime;
    private readonly StreamSource _source;
    private readonly StreamPump _pump;
    private readonly ResponseEnd _end;
    private readonly long _started;

    /// <summary>Opens the source; nothing is asked of it yet.</summary>
    /// <param name="http">The request.</param>
    /// <param name="stream">What is streamed.</param>
    /// <param name="format">The format of the body.</param>
    /// <param name="body">Takes the bytes.</param>
    /// <param name="engine">What all streams share.</param>
    public StreamRun(HttpContext http, OfferedStream stream, StreamFormat format, ResponseBody body, StreamEngine engine)
    {
        (_http, _stream, _format, _body, _engine) = (http, stream, format, body, engine);
        _engine.Metrics.Started(stream.Name, format.Name);
        _started = engine.Time.GetTimestamp();
        _lifetime = engine.Begin(http, stream.MaxDuration);
        _source = stream.Open(format.Encoding, _lifetime.Token);
        _pump = new StreamPump(_source, format, body.Writer, engine.Options, engine.Time);
        _end = new ResponseEnd(http, isBehindHost: http.Features.Get<IInvocationFeature>() is not null, engine.Time);
    }

    /// <summary>Streams to the end, whichever that is.</summary>
    /// <exception cref="StreamCutException">The stream ended before it was complete, and only so does the host learn of it.</exception>
    public async Task RunAsync()
    {
        var end = await StreamAsync().ConfigureAwait(false);
        Report(end);
        await _pump.SettleAsync().ConfigureAwait(false);
        await _lifetime.EndAsync().ConfigureAwait(false);
        await ReleaseAsync().ConfigureAwait(false);

        if (end.Outcome is StreamOutcome.Completed or StreamOutcome.Continued)
        {
            await _end.WholeAsync().ConfigureAwait(false);
        }
        else if (end.Outcome is StreamOutcome.Failed or StreamOutcome.DeadlineReached or StreamOutcome.Stopped)
        {
            await _pump.UntilHeardAsync(_http.RequestAborted).ConfigureAwait(false);

            // Where nobody is there, as far as we know, an exception would only fill the logs. Who is there sees the cut.
            if (end.ClientLeft)
                _http.Abort();
            else if (!await _end.BreakAsync().ConfigureAwait(false))
                throw new StreamCutException(_stream.Name, end.Outcome);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _lifetime.Dispose();

    private async Task<End> StreamAsync()
    {
        var response = _http.Response;
        try
        {
            var first = await FirstRecordAsync().ConfigureAwait(false);
            if (first.IsCompletedSuccessfully && _source.Schema.EstimatedRows is { } rows)
                response.Headers[StreamResult.EstimateHeader] = rows.ToString(CultureInfo.InvariantCulture);
            _end.Begin();
            await response.StartAsync(_lifetime.Token).ConfigureAwait(false);
            await _pump.RunAsync(first, _lifetime.Token).ConfigureAwait(false);
            await _body.CompleteAsync().ConfigureAwait(false);
            return new End(StreamOutcome.Completed);
        }
        catch (Exception failure)
        {
            return await EndEarlyAsync(failure).ConfigureAwait(false);
        }
    }

    /// <summary>The one place where an exception becomes an outcome.</summary>
    private async Task<End> EndEarlyAsync(Exception failure)
    {
        var ended = failure is ReaderGoneException ? StreamOutcome.ClientLeft : _lifetime.Ended;
        if (ended is StreamOutcome.ClientLeft)
            return new End(StreamOutcome.ClientLeft) { ClientLeft = true, Failure = failure };

        // Now, since a client may also leave because of what it hears next.
        var clientLeft = ended is StreamOutcome.Stopped && _lifetime.ClientLeft;

        var problem = (ended is { } how ? StreamLifetime.Describe(how) : null) ?? _source.Describe(failure);
        if (!_http.Response.HasStarted)
        {
            _http.Response.Clear();
            await new ProblemResult(problem).ExecuteAsync(_http).ConfigureAwait(false);
            return new End(StreamOutcome.Refused) { Problem = problem, Failure = failure, ClientLeft = clientLeft };
        }

        // What can be continued is not broken off, it is parted.
        if (ended is not null && await _pump.ContinueElsewhereAsync().ConfigureAwait(false))
        {
            await _body.CompleteAsync().ConfigureAwait(false);
            return new End(StreamOutcome.Continued) { ClientLeft = clientLeft };
        }

        // Who does not even take the error would hold the connection for as long as it likes.
        if (!await _pump.FailAsync(problem).ConfigureAwait(false))
            _http.Abort();
        return new End(ended ?? StreamOutcome.Failed) { Problem = ended is null ? problem : null, Failure = failure, ClientLeft = clientLeft };
    }

    /// <summary>
    /// Waits for the first record, so that a failure is a real status; not for ever, where heartbeats can tell a client
    /// and the proxies before it that we live.
    /// </summary>
    private async Task<ValueTask<bool>> FirstRecordAsync()
    {
        var first = _source.WaitToReadAsync();
        if (first.IsCompletedSuccessfully)
            return first;

        var pending = first.AsTask();
        var limit = _format.HasHeartbeat ? TimeSpan.FromSeconds(_engine.Options.FirstRecordSeconds) : Timeout.InfiniteTimeSpan;
        if (await pending.CompletesWithinAsync(limit, _engine.Time, _lifetime.Token).ConfigureAwait(false))
            await pending.ConfigureAwait(false);

        // Else the response starts without it.
        return new ValueTask<bool>(pending);
    }

    private void Report(End end)
    {
        var report = new StreamReport(
            _stream.Name,
            _format.Name,
            end.ClientLeft ? StreamOutcome.ClientLeft : end.Outcome,
            end.ClientLeft ? null : end.Problem,
            _pump.Records,
            _pump.Bytes,
            _engine.Time.GetElapsedTime(_started),
            _pump.FirstFlush is { } flushed ? _engine.Time.GetElapsedTime(_started, flushed) : null,
            _pump.Stalled,
            _source.Continuations);
        _engine.Log.StreamEnded(report, end.ClientLeft ? null : end.Failure);
        _engine.Metrics.Ended(report);
    }

    private async Task ReleaseAsync()
    {
        try
        {
            await _source.DisposeAsync().AsTask().WaitAsync(ReleaseLimit, _engine.Time, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // The response has ended as it should; what failed, or takes its time, is the source's own cleaning up.
            _engine.Log.SourceNotReleased(_stream.Name, exception);
        }
    }

    /// <summary>How the response ended.</summary>
    /// <param name="Outcome">The outcome, as the response shows it.</param>
    private sealed record End(StreamOutcome Outcome)
    {
        /// <summary>What the client was told of a failure.</summary>
        public Problem? Problem { get; init; }

        /// <summary>What went wrong.</summary>
        public Exception? Failure { get; init; }

        /// <summary>Whether it ended because the client left, as far as we know.</summary>
        public bool ClientLeft { get; init; }
    }
}
