using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace ChunkStream.DurableStreams.Live;

/// <summary>One who follows a stream. Used by one caller; disposing gives its place back.</summary>
internal sealed class LiveReader : IValueTaskSource<StreamBlock?>, IDisposable
{
    private readonly LiveStream _stream;

    // A wait costs nothing but this, however often it is waited: there may be thousands of us.
    private ManualResetValueTaskSourceCore<StreamBlock?> _wait = new() { RunContinuationsAsynchronously = true };
    private CancellationTokenRegistration _cancelled;
    private bool _isDisposed;

    /// <param name="stream">The stream.</param>
    /// <param name="position">Where to begin.</param>
    public LiveReader(LiveStream stream, long position) => (_stream, Position) = (stream, position);

    /// <summary>The position after what the reader was given. Under the stream's lock.</summary>
    public long Position { get; private set; }

    /// <summary>Whether it waits now. Under the stream's lock.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>
    /// Completes when there is something after the position: with the next block, from which the position moves on; with a block without data
    /// once the stream is closed at the position; or with null once the stream is deleted or has expired.
    /// </summary>
    /// <param name="cancellation">Ends the wait; the reader can wait again.</param>
    public ValueTask<StreamBlock?> NextAsync(CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<StreamBlock?>(cancellation);

        short wait;
        lock (_stream.Lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            Debug.Assert(!IsWaiting, "A reader has one caller.");
            switch (_stream.Find(Position, out var block))
            {
                case LiveFinding.Block:
                    Position = block!.Next;
                    return new ValueTask<StreamBlock?>(block);
                case LiveFinding.Over:
                    return new ValueTask<StreamBlock?>((StreamBlock?)null);
                case LiveFinding.Behind:
                    return ReadAsync(_stream.ReadBehindAsync(Position), cancellation);
            }

            _wait.Reset();
            IsWaiting = true;
            wait = _wait.Version;
        }

        _cancelled = cancellation.UnsafeRegister(static (reader, token) => ((LiveReader)reader!).Cancel(token), this);
        return new ValueTask<StreamBlock?>(this, wait);
    }

    /// <summary>Ends the wait with a block, or with null. Under the stream's lock.</summary>
    public void Complete(StreamBlock? block)
    {
        IsWaiting = false;
        if (block is not null)
            Position = block.Next;
        _wait.SetResult(block);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_stream.Lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }

        Cancel(default);
        _stream.Leave(this);
    }

    StreamBlock? IValueTaskSource<StreamBlock?>.GetResult(short token)
    {
        // Waits for a cancellation that is under way: it must not hit the next wait.
        _cancelled.Dispose();
        return _wait.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<StreamBlock?>.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource<StreamBlock?>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _wait.OnCompleted(continuation, state, token, flags);

    private async ValueTask<StreamBlock?> ReadAsync(Task<StreamBlock?> read, CancellationToken cancellation)
    {
        var block = await read.WaitAsync(cancellation).ConfigureAwait(false);
        lock (_stream.Lock)
        {
            if (block is not null)
                Position = block.Next;
        }

        return block;
    }

    private void Cancel(CancellationToken cancellation)
    {
        lock (_stream.Lock)
        {
            if (!IsWaiting)
                return;
            IsWaiting = false;
        }

        _wait.SetException(new OperationCanceledException(cancellation));
    }
}
