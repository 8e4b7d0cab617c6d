using System.Globalization;
using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>
/// Streams the body of one response: waits for the first record, commits the status, pumps, and ends the response in
/// the way that its outcome asks for.
/// </summary>
internal sealed class StreamRun : IDisposable
{
    // A source that ignores its token must not keep a response open that has nothing more to send.
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
    private readonly StreamSpan? _span;
    private readonly long _started;

    /// <summary>Opens the source, which does nothing yet.</summary>
    /// <param name="http">The request.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="format">The format of the body.</param>
    /// <param name="body">Takes the bytes.</param>
    /// <param name="engine">The engine of the app.</param>
    public StreamRun(
        HttpContext http, OfferedStream stream, StreamFormat format, ResponseBody body, StreamEngine engine)
    {
        (_http, _stream, _format, _body, _engine) = (http, stream, format, body, engine);
        _engine.Metrics.Started(stream.Name, format.Name);
        _started = engine.Time.GetTimestamp();
        _span = StreamSpan.Start(stream.Name, format.Name, stream.Origin, engine.Time);
        _lifetime = engine.Begin(http, stream.MaxDuration);
        _source = stream.Open(format.Encoding, _lifetime.Token);
        _source.Span = _span;
        _pump = new StreamPump(_source, format, body.Writer, engine.Options, engine.Time)
        {
            FirstFlushed = engine.FirstResponse.Begin,
        };
        var isBehindHost = http.Features.Get<IInvocationFeature>() is not null;
        _end = new ResponseEnd(http, isBehindHost, engine.Time);
    }

    /// <summary>Streams until the source ends, fails, or is stopped, and ends the response accordingly.</summary>
    /// <exception cref="StreamCutException">
    /// The stream was not complete; only an exception makes the server cut the response.
    /// </exception>
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

            // If the client has left, as far as we know, an exception would only fill the log. If it is still there
            // after all, it sees the cut.
            if (end.ClientLeft)
                _http.Abort();
            else if (!await _end.BreakAsync().ConfigureAwait(false))
                throw new StreamCutException(_stream.Name, end.Outcome);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _span?.Dispose();
        _lifetime.Dispose();
    }

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
            HttpMetrics.Exclude(_http);
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

        // Asked before anything is sent: a client may also leave because of what it is told below.
        var clientLeft = ended is StreamOutcome.Stopped && _lifetime.ClientLeft;

        var problem = (ended is { } how ? _lifetime.Describe(how) : null) ?? _source.Describe(failure);
        if (!_http.Response.HasStarted)
        {
            _http.Response.Clear();
            await _stream.Refuse(problem).ExecuteAsync(_http).ConfigureAwait(false);
            return new End(StreamOutcome.Refused) { Problem = problem, Failure = failure, ClientLeft = clientLeft };
        }

        // A stream that can be resumed ends cleanly, with a continuation.
        if (ended is not null && await _pump.ContinueElsewhereAsync().ConfigureAwait(false))
        {
            await _body.CompleteAsync().ConfigureAwait(false);
            return new End(StreamOutcome.Continued) { ClientLeft = clientLeft };
        }

        // A reader that does not even take the error could hold the connection for as long as it likes.
        if (!await _pump.FailAsync(problem).ConfigureAwait(false))
            _http.Abort();
        return new End(ended ?? StreamOutcome.Failed)
        {
            Problem = ended is null ? problem : null,
            Failure = failure,
            ClientLeft = clientLeft,
        };
    }

    /// <summary>
    /// Waits for the first record, so that a failure becomes a real status. In formats that have heartbeats it waits
    /// only up to a limit; then heartbeats tell the client, and the proxies before it, that the stream is alive.
    /// </summary>
    private async Task<ValueTask<bool>> FirstRecordAsync()
    {
        var first = _source.WaitToReadAsync();
        if (first.IsCompletedSuccessfully)
            return first;

        var pending = first.AsTask();
        var limit = _format.HasHeartbeat && !_stream.NeedsFirstRecord
            ? TimeSpan.FromSeconds(_engine.Options.FirstRecordSeconds)
            : Timeout.InfiniteTimeSpan;
        if (await pending.CompletesWithinAsync(limit, _engine.Time, _lifetime.Token).ConfigureAwait(false))
            await pending.ConfigureAwait(false);

        // Not completed within the limit: the response starts without the record.
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
        _span?.End(report);
    }

    private async Task ReleaseAsync()
    {
        try
        {
            await _source.DisposeAsync().AsTask()
                .WaitAsync(ReleaseLimit, _engine.Time, CancellationToken.None)
                .ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // This does not change how the response ends: only the source's own cleaning up failed, or takes too long.
            _engine.Log.SourceNotReleased(_stream.Name, exception);
        }
    }

    /// <summary>How the stream ended.</summary>
    /// <param name="Outcome">The outcome, as the response shows it.</param>
    private sealed record End(StreamOutcome Outcome)
    {
        /// <summary>What the client was told of the failure; null if there was none.</summary>
        public Problem? Problem { get; init; }

        /// <summary>The exception that ended the stream; null if there was none.</summary>
        public Exception? Failure { get; init; }

        /// <summary>Whether the stream ended because the client left, as far as we know.</summary>
        public bool ClientLeft { get; init; }
    }
}
