using System.IO.Pipelines;
using ChunkStream.Formats;
using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>
/// Moves records from a source through a format into a response's pipe. It alone flushes: as soon as it would have to
/// wait for the source, or when as many bytes are gathered as the options say. It takes no record from the source while
/// the reader has not taken what came before (backpressure).
/// </summary>
/// <param name="source">Gives the records.</param>
/// <param name="format">Writes the bytes around the records.</param>
/// <param name="body">Takes the bytes.</param>
/// <param name="options">When to flush, and when to send heartbeats.</param>
/// <param name="time">Measures silences and stalls.</param>
internal sealed class StreamPump(
    StreamSource source, StreamFormat format, PipeWriter body, StreamingOptions options, TimeProvider time)
{
    // How long an incomplete stream may take to send its last words. Its reader may not be reading.
    private static readonly TimeSpan LastWordsLimit = TimeSpan.FromSeconds(1);

    // How long a reader has to hear the last words before the response breaks. A page may be busy, with megabytes to
    // read before them. The wait holds only the connection: the source is released by then, and a client that has heard
    // them leaves.
    private static readonly TimeSpan HearingTime = TimeSpan.FromSeconds(1);

    private readonly ByteWriter _output = new(body);
    private readonly TimeSpan _heartbeat = TimeSpan.FromSeconds(options.HeartbeatSeconds);

    // Copied into fields because they are needed for each record.
    private readonly CheckpointPlace _checkpoints = format.Checkpoints;
    private readonly IEventSource? _events = format is SseFormat ? source as IEventSource : null;
    private readonly IKindSource? _kinds = source as IKindSource;
    private readonly int _flushBytes = options.FlushBytes;
    private Task? _flushing;
    private Task? _readerWait;
    private long _flushed;
    private long _recordsAtCheckpoint;
    private long? _lastWords;
    private bool _insideRecord;
    private bool _ended;

    /// <summary>How many records were written so far.</summary>
    public long Records { get; private set; }

    /// <summary>How many bytes were written so far, before compression.</summary>
    public long Bytes => _output.BytesWritten;

    /// <summary>How long the pump has waited for the reader.</summary>
    public TimeSpan Stalled { get; private set; }

    /// <summary>When the first flush began, as a timestamp of the time provider; null if there was none.</summary>
    public long? FirstFlush { get; private set; }

    /// <summary>Called when the first flush has sent its bytes.</summary>
    public Action? FirstFlushed { get; init; }

    /// <summary>Streams until the source ends.</summary>
    /// <param name="first">The source's first wait, which the caller has begun.</param>
    /// <param name="cancellation">Stops the pump.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ReaderGoneException">The reader is gone.</exception>
    /// <exception cref="Exception">The source threw it.</exception>
    public async Task RunAsync(ValueTask<bool> first, CancellationToken cancellation)
    {
        // The caller has waited long enough for the first record. Some hosts hold the headers back until the first byte
        // of the body, so a heartbeat sends them.
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
            more = next.IsCompletedSuccessfully
                ? next.Result
                : await WaitAsync(next, cancellation).ConfigureAwait(false);
        }

        WriteEnd(_kinds is { GoesOn: true } ? Continuation : null);
        await FlushEndAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Ends a stream that was stopped from outside with a continuation, so that its reader can get the rest with
    /// another request. False if the stream has no place to resume from, has sent no record yet, or its reader did not
    /// take the end in time.
    /// </summary>
    public async Task<bool> ContinueElsewhereAsync()
    {
        var hasPlace = _checkpoints is not CheckpointPlace.None && !_insideRecord && !source.Checkpoint.IsEmpty;
        if (_ended || Records == 0 || !hasPlace)
            return false;

        using var limit = new CancellationTokenSource(LastWordsLimit, time);
        try
        {
            await (_flushing ?? Task.CompletedTask).WaitAsync(limit.Token).ConfigureAwait(false);
            WriteEnd(Continuation);
            await FlushAsync(limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception)
        {
            // A reader that does not take the end gets a broken response, and can resume from an earlier checkpoint.
            return false;
        }
    }

    /// <summary>
    /// Sends the last words of a stream that fails: the records that the source gave before, and the error if the
    /// format can say it. False if the reader did not take them in time.
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
            // The response is cut in any case.
            return false;
        }
    }

    /// <summary>
    /// Gives the reader time to hear the last words, if there were any. When a response breaks, browsers throw away
    /// what has arrived but was not handed to the page yet.
    /// </summary>
    /// <param name="left">A token that is cancelled when the reader leaves, which ends the wait.</param>
    public async Task UntilHeardAsync(CancellationToken left)
    {
        if (_lastWords is { } said && HearingTime - time.GetElapsedTime(said) is var rest && rest > TimeSpan.Zero)
            await Task.Delay(rest, time, left).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// Waits until no flush is running and the source does not wait for the reader. Only then may body and source be
    /// disposed.
    /// </summary>
    public async Task SettleAsync()
    {
        await (_flushing ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await (_readerWait ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private string Continuation => System.Text.Encoding.ASCII.GetString(source.LinkedCheckpoint);

    // Nothing may follow the end: it says where to go on, or that there is nothing more.
    private void WriteEnd(string? continuation)
    {
        format.WriteEnd(_output, new StreamEnd(Records, continuation));
        _ended = true;
    }

    /// <summary>Writes the error. False if the format can't say it.</summary>
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
        // In other formats each record has its own checkpoint.
        if (_kinds is { LosesPlace: true } && _checkpoints is CheckpointPlace.BeforeEachFlush)
            WriteCheckpoint(source.LinkedCheckpoint);
        _insideRecord = true;
        if (_kinds is null)
            format.WriteRecordStart(_output, Records);
        else
            format.WriteRecordStart(_output, Records, _kinds.Kind);
        source.WriteRecord(_output);
        if (_events is not null)
            SseFormat.WriteFields(_output, _events.Fields);
        if (_checkpoints is CheckpointPlace.InEachRecord)
            WriteCheckpoint(source.Checkpoint);
        format.WriteRecordEnd(_output);
        _insideRecord = false;
        Records++;
    }

    private void WriteCheckpointBeforeFlush()
    {
        if (_checkpoints is not CheckpointPlace.BeforeEachFlush || _insideRecord || _ended)
            return;
        // A record that is a position needs no checkpoint beside it.
        if (Records == _recordsAtCheckpoint || _kinds is { Kind: RecordKind.UpToDate })
            return;
        WriteCheckpoint(source.LinkedCheckpoint);
        _recordsAtCheckpoint = Records;
    }

    private void WriteCheckpoint(ReadOnlySpan<byte> token)
    {
        if (!token.IsEmpty)
            format.WriteCheckpoint(_output, token);
    }

    /// <summary>Waits for the source, and sends a heartbeat whenever the silence has lasted too long.</summary>
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

    // If the stream is stopped after everything was written, it is complete as soon as the reader takes the rest. The
    // reader gets as long for that as for last words.
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
        var isFirst = FirstFlush is null;
        FirstFlush ??= start;

        // Without the token: Kestrel would reset the connection when it is cancelled, and no last words could be sent.
        var flushing = body.FlushAsync(CancellationToken.None).AsTask();
        _flushing = flushing;
        try
        {
            if (!flushing.IsCompleted)
            {
                _readerWait = source.WaitForReaderAsync(flushing);
                await _readerWait.WaitAsync(cancellation).ConfigureAwait(false);
            }

            if ((await flushing.ConfigureAwait(false)).IsCompleted)
                throw new ReaderGoneException();
            if (isFirst)
                FirstFlushed?.Invoke();
        }
        finally
        {
            // Also where the wait ends with the stream: a reader that takes nothing more and leaves has stalled.
            var waited = time.GetElapsedTime(start);
            Stalled += waited;
            if (waited >= StreamSpan.LongStall)
                source.Span?.Stalled(waited, Records);
        }
    }
}
