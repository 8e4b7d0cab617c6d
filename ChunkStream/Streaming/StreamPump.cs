using System.IO.Pipelines;
using ChunkStream.Formats;

namespace ChunkStream.Streaming;

/// <summary>
/// Moves records from a source through a format into a response's pipe. The one owner of every flush: a chunk leaves
/// as soon as the source would make us wait, or when it has grown to the byte limit; and no record is taken from the
/// source while the reader has not taken what came before (backpressure).
/// </summary>
internal sealed class StreamPump(StreamSource source, StreamFormat format, PipeWriter body, int flushBytes)
{
    private readonly ByteWriter _output = new(body);
    private long _flushed;

    /// <summary>Records written so far.</summary>
    public long Records { get; private set; }

    /// <summary>Bytes written so far, before compression.</summary>
    public long Bytes => _output.BytesWritten;

    /// <summary>
    /// Runs to the end of the source and gives true, or false as soon as the reader is gone. The first record has been
    /// waited for already.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="Exception">Whatever the source threw.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellation)
    {
        try
        {
            return await MoveAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception) when (!cancellation.IsCancellationRequested && _output.BytesWritten > _flushed)
        {
            // What the source gave before it failed is the client's.
            await FlushAsync(cancellation).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<bool> MoveAsync(CancellationToken cancellation)
    {
        while (true)
        {
            while (source.TryRead())
            {
                WriteRecord();
                if (_output.BytesWritten - _flushed >= flushBytes && !await FlushAsync(cancellation).ConfigureAwait(false))
                    return false;
            }

            var more = source.WaitToReadAsync();
            if (!more.IsCompleted && _output.BytesWritten > _flushed && !await FlushAsync(cancellation).ConfigureAwait(false))
                return false;
            if (!await more.ConfigureAwait(false))
                return await FlushAsync(cancellation).ConfigureAwait(false);
        }
    }

    private void WriteRecord()
    {
        format.WriteRecordStart(_output, Records);
        source.WriteRecord(_output);
        format.WriteRecordEnd(_output);
        Records++;
    }

    private async ValueTask<bool> FlushAsync(CancellationToken cancellation)
    {
        _output.Commit();
        _flushed = _output.BytesWritten;
        var result = await body.FlushAsync(cancellation).ConfigureAwait(false);
        return !result.IsCompleted;
    }
}
