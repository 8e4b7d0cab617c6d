using System.Diagnostics;
using System.Threading.Tasks.Sources;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// A reader that follows a stream. It has one caller. Disposing it gives its place among the readers back.
/// </summary>
internal sealed class LiveReader : IValueTaskSource<LiveSegment?>, IDisposable
{
    private readonly LiveStream _stream;

    // All waits of this reader use this one object, so that a wait allocates nothing: there may be thousands of
    // readers.
    private ManualResetValueTaskSourceCore<LiveSegment?> _wait = new() { RunContinuationsAsynchronously = true };
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
    /// Completes when there is something after the position: with the next segment, from which the position moves on;
    /// with a segment without data once the stream is closed at the position; or with null once the stream is deleted
    /// or has expired.
    /// </summary>
    /// <param name="cancellation">Ends the wait; the reader can wait again.</param>
    public ValueTask<LiveSegment?> NextAsync(CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<LiveSegment?>(cancellation);

        short wait;
        lock (_stream.Lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            Debug.Assert(!IsWaiting, "A reader has one caller.");
            switch (_stream.Find(Position, out var segment))
            {
                case LiveFinding.Segment:
                    Position = segment!.Next;
                    return new ValueTask<LiveSegment?>(segment);
                case LiveFinding.Over:
                    return new ValueTask<LiveSegment?>((LiveSegment?)null);
                case LiveFinding.Behind:
                    return ReadAsync(_stream.ReadBehindAsync(Position), cancellation);
            }

            _wait.Reset();
            IsWaiting = true;
            wait = _wait.Version;
        }

        _cancelled = cancellation.UnsafeRegister(static (reader, token) => ((LiveReader)reader!).Cancel(token), this);
        return new ValueTask<LiveSegment?>(this, wait);
    }

    /// <summary>Ends the wait with a segment, or with null. Under the stream's lock.</summary>
    public void Complete(LiveSegment? segment)
    {
        IsWaiting = false;
        if (segment is not null)
            Position = segment.Next;
        _wait.SetResult(segment);
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

    LiveSegment? IValueTaskSource<LiveSegment?>.GetResult(short token)
    {
        // Waits for a cancellation that is under way, because it must not hit the next wait.
        _cancelled.Dispose();
        return _wait.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<LiveSegment?>.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource<LiveSegment?>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        => _wait.OnCompleted(continuation, state, token, flags);

    private async ValueTask<LiveSegment?> ReadAsync(Task<LiveSegment?> read, CancellationToken cancellation)
    {
        var segment = await read.WaitAsync(cancellation).ConfigureAwait(false);
        lock (_stream.Lock)
        {
            if (segment is not null)
                Position = segment.Next;
        }

        return segment;
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
