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
    // For the last words of a failed stream, whose reader may not be reading.
    private static readonly TimeSpan ErrorLimit = TimeSpan.FromSeconds(1);

    private readonly ByteWriter _output = new(body);
    private readonly TimeSpan _heartbeat = TimeSpan.FromSeconds(options.HeartbeatSeconds);
    private Task? _flushing;
    private long _flushed;
    private bool _insideRecord;

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
                if (_output.BytesWritten - _flushed >= options.FlushBytes)
                    await FlushAsync(cancellation).ConfigureAwait(false);
            }

            var next = source.WaitToReadAsync();
            if (!next.IsCompleted && _output.BytesWritten > _flushed)
                await FlushAsync(cancellation).ConfigureAwait(false);
            more = next.IsCompletedSuccessfully ? next.Result : await WaitAsync(next, cancellation).ConfigureAwait(false);
        }

        format.WriteEnd(_output, Records);
        await FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// The last words of a stream that fails: what the source gave before, and the error where the format can say it.
    /// False if the reader did not take them in time.
    /// </summary>
    public async Task<bool> FailAsync(Problem problem)
    {
        using var limit = new CancellationTokenSource(ErrorLimit, time);
        try
        {
            await (_flushing ?? Task.CompletedTask).WaitAsync(limit.Token).ConfigureAwait(false);
            WriteError(problem);
            if (_output.BytesWritten > _flushed)
                await FlushAsync(limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception)
        {
            // Whatever it was, the response is cut off all the same.
            return false;
        }
    }

    /// <summary>Waits until nothing is written any more: only then may the body be taken away.</summary>
    public Task SettleAsync() => _flushing ?? Task.CompletedTask;

    private void WriteError(Problem problem)
    {
        // Half a record is no record to anyone, if only what follows starts on a line of its own.
        if (_insideRecord)
            _output.Write((byte)'\n');
        format.WriteError(_output, problem);
    }

    private void WriteRecord()
    {
        _insideRecord = true;
        format.WriteRecordStart(_output, Records);
        source.WriteRecord(_output);
        format.WriteRecordEnd(_output);
        _insideRecord = false;
        Records++;
    }

    /// <summary>Waits for the source, with a heartbeat after each silence that has become too long.</summary>
    private async ValueTask<bool> WaitAsync(ValueTask<bool> next, CancellationToken cancellation)
    {
        if (next.IsCompleted)
            return await next.ConfigureAwait(false);

        var pending = next.AsTask();
        while (true)
        {
            try
            {
                return await pending.WaitAsync(_heartbeat, time, cancellation).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!pending.IsCompleted)
            {
                await HeartbeatAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask HeartbeatAsync(CancellationToken cancellation)
    {
        format.WriteHeartbeat(_output, time.GetUtcNow());
        if (_output.BytesWritten > _flushed)
            await FlushAsync(cancellation).ConfigureAwait(false);
    }

    private async ValueTask FlushAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        _output.Commit();
        _flushed = _output.BytesWritten;
        var start = time.GetTimestamp();
        FirstFlush ??= start;

        // Without the token, on which Kestrel would reset the connection, and the last words could not be said.
        var flushing = body.FlushAsync(CancellationToken.None).AsTask();
        _flushing = flushing;
        var result = await flushing.WaitAsync(cancellation).ConfigureAwait(false);
        Stalled += time.GetElapsedTime(start);
        if (result.IsCompleted)
            throw new ReaderGoneException();
    }
}
