using System.IO.Pipelines;
using ChunkStream.Formats;
using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>
/// Moves records from a source through a format into a response's pipe. The one owner of every flush: a chunk leaves
/// as soon as the source would make us wait, or when it has grown to the byte limit; and no record is taken from the
/// source while the reader has not taken what came before (backpressure).
/// </summary>
internal sealed class StreamPump(StreamSource source, StreamFormat format, PipeWriter body, StreamingOptions options, TimeProvider time)
{
    // For the last words of a stream that is not complete, whose reader may not be reading.
    private static readonly TimeSpan LastWordsLimit = TimeSpan.FromSeconds(1);

    // A page may be busy, and have megabytes to read before them. It costs no more than the connection: the source is released
    // by then, and a client that has heard them leaves.
    private static readonly TimeSpan HearingTime = TimeSpan.FromSeconds(1);

    private readonly ByteWriter _output = new(body);
    private readonly TimeSpan _heartbeat = TimeSpan.FromSeconds(options.HeartbeatSeconds);

    // Asked for at each record.
    private readonly CheckpointPlace _checkpoints = format.Checkpoints;
    private readonly IEventSource? _events = format is SseFormat ? source as IEventSource : null;
    private readonly int _flushBytes = options.FlushBytes;
    private Task? _flushing;
    private Task? _readerWait;
    private long _flushed;
    private long _recordsAtCheckpoint;
    private long? _lastWords;
    private bool _insideRecord;
    private bool _ended;

    /// <summary>Records written so far.</summary>
    public long Records { get; private set; }

    /// <summary>Bytes written so far, before compression.</summary>
    public long Bytes => _output.BytesWritten;

    /// <summary>How long we waited for the reader.</summary>
    public TimeSpan Stalled { get; private set; }

    /// <summary>When the first bytes left, as a timestamp of the time provider.</summary>
    public long? FirstFlush { get; private set; }

    /// <summary>Runs to the end of the source.</summary>
    /// <param name="first">The source's first wait, which the caller has begun.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ReaderGoneException">The reader is gone.</exception>
    /// <exception cref="Exception">Whatever the source threw.</exception>
    public async Task RunAsync(ValueTask<bool> first, CancellationToken cancellation)
    {
        // The caller has waited long enough: a heartbeat takes the headers along, which some hosts hold back until then.
        if (!first.IsCompleted)
            await HeartbeatAsync(cancellation).ConfigureAwait(false);
        var more = await WaitAsync(first, cancellation).ConfigureAwait(false);
        format.WriteStart(_output, source.Schema);
        while (more)
        {
            while (source.TryRead())
            {
                WriteRecord();
                if (_output.BytesWritten - _flushed >= _flushBytes)
                    await FlushAsync(cancellation).ConfigureAwait(false);
            }

            var next = source.WaitToReadAsync();
            if (!next.IsCompleted && _output.BytesWritten > _flushed)
                await FlushAsync(cancellation).ConfigureAwait(false);
            more = next.IsCompletedSuccessfully ? next.Result : await WaitAsync(next, cancellation).ConfigureAwait(false);
        }

        WriteEnd(continuation: null);
        await FlushEndAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends a stream that was stopped from outside so that its reader can have the rest with another request. False if there
    /// is no telling where to go on, or nothing was gained so far, or the reader did not take it in time.
    /// </summary>
    public async Task<bool> ContinueElsewhereAsync()
    {
        if (_ended || Records == 0 || _insideRecord || _checkpoints is CheckpointPlace.None || source.Checkpoint.IsEmpty)
            return false;

        using var limit = new CancellationTokenSource(LastWordsLimit, time);
        try
        {
            await (_flushing ?? Task.CompletedTask).WaitAsync(limit.Token).ConfigureAwait(false);
            WriteEnd(System.Text.Encoding.ASCII.GetString(source.Checkpoint));
            await FlushAsync(limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception)
        {
            // Whoever does not take the end gets a broken one, and has the checkpoints before it.
            return false;
        }
    }

    /// <summary>
    /// The last words of a stream that fails: what the source gave before, and the error where the format can say it.
    /// False if the reader did not take them in time.
    /// </summary>
    public async Task<bool> FailAsync(Problem problem)
    {
        if (_ended)
            return false;

        using var limit = new CancellationTokenSource(LastWordsLimit, time);
        try
        {
            await (_flushing ?? Task.CompletedTask).WaitAsync(limit.Token).ConfigureAwait(false);
            WriteCheckpointBeforeFlush();
            var isSaid = WriteError(problem);
            if (_output.BytesWritten > _flushed)
                await FlushAsync(limit.Token).ConfigureAwait(false);
            if (isSaid)
                _lastWords = time.GetTimestamp();
            return true;
        }
        catch (Exception)
        {
            // Whatever it was, the response is cut off all the same.
            return false;
        }
    }

    /// <summary>
    /// Waits until a reader that listens has heard the last words, if there were any. When a response breaks, browsers throw
    /// away what has arrived and was not yet handed to the page.
    /// </summary>
    /// <param name="left">Cancelled when the reader leaves: then nobody is waited for.</param>
    public async Task UntilHeardAsync(CancellationToken left)
    {
        if (_lastWords is { } said && HearingTime - time.GetElapsedTime(said) is var rest && rest > TimeSpan.Zero)
            await Task.Delay(rest, time, left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Waits until nothing is written any more, and the source is at rest: only then may they be taken away.</summary>
    public async Task SettleAsync()
    {
        await (_flushing ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (_readerWait ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // The end says where to go on, or that there is nothing more: nothing follows it.
    private void WriteEnd(string? continuation)
    {
        format.WriteEnd(_output, new StreamEnd(Records, continuation));
        _ended = true;
    }

    /// <summary>Whether the format can say it.</summary>
    private bool WriteError(Problem problem)
    {
        _ended = true;

        if (_insideRecord)
            format.WriteRecordCut(_output);
        var before = _output.BytesWritten;
        format.WriteError(_output, problem);
        return _output.BytesWritten > before;
    }

    private void WriteRecord()
    {
        _insideRecord = true;
        format.WriteRecordStart(_output, Records);
        source.WriteRecord(_output);
        if (_events is not null)
            SseFormat.WriteFields(_output, _events.Fields);
        if (_checkpoints is CheckpointPlace.InEachRecord)
            WriteCheckpoint();
        format.WriteRecordEnd(_output);
        _insideRecord = false;
        Records++;
    }

    private void WriteCheckpointBeforeFlush()
    {
        if (_checkpoints is not CheckpointPlace.BeforeEachFlush || Records == _recordsAtCheckpoint || _insideRecord || _ended)
            return;
        WriteCheckpoint();
        _recordsAtCheckpoint = Records;
    }

    private void WriteCheckpoint()
    {
        if (source.Checkpoint is { IsEmpty: false } token)
            format.WriteCheckpoint(_output, token);
    }

    /// <summary>Waits for the source, with a heartbeat after each silence that has become too long.</summary>
    private async ValueTask<bool> WaitAsync(ValueTask<bool> next, CancellationToken cancellation)
    {
        if (next.IsCompleted)
            return await next.ConfigureAwait(false);

        var pending = next.AsTask();
        while (!await pending.CompletesWithinAsync(_heartbeat, time, cancellation).ConfigureAwait(false))
            await HeartbeatAsync(cancellation).ConfigureAwait(false);
        return await pending.ConfigureAwait(false);
    }

    private async ValueTask HeartbeatAsync(CancellationToken cancellation)
    {
        format.WriteHeartbeat(_output, time.GetUtcNow());
        if (_output.BytesWritten > _flushed)
            await FlushAsync(cancellation).ConfigureAwait(false);
    }

    // A stream that is stopped when all of it is written lacks nothing but a reader that takes the rest: it gets a moment for that, as
    // for other last words.
    private async ValueTask FlushEndAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        await using var stopped = cancellation.Register(() => limit.CancelAfter(LastWordsLimit)).ConfigureAwait(false);
        await FlushAsync(limit.Token).ConfigureAwait(false);
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        WriteCheckpointBeforeFlush();
        _output.Commit();
        _flushed = _output.BytesWritten;
        var start = time.GetTimestamp();
        FirstFlush ??= start;

        // Without the token, on which Kestrel would reset the connection, and the last words could not be said.
        var flushing = body.FlushAsync(CancellationToken.None).AsTask();
        _flushing = flushing;
        if (!flushing.IsCompleted)
        {
            _readerWait = source.WaitForReaderAsync(flushing);
            await _readerWait.WaitAsync(cancellation).ConfigureAwait(false);
        }

        var result = await flushing.ConfigureAwait(false);
        Stalled += time.GetElapsedTime(start);
        if (result.IsCompleted)
            throw new ReaderGoneException();
    }
}
