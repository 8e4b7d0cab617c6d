using ChunkStream.DurableStreams.Live;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// The newest part of a recording, in memory: what the store does not have yet, and behind that what readers may still
/// want, up to a number of bytes. What is older is in the store.
/// </summary>
/// <param name="maxBytes">
/// How many bytes to keep; and how far the store may be behind before the generator has to wait.
/// </param>
internal sealed class RecordingWindow(int maxBytes)
{
    // The bounds of one append, which is about as large as a segment that live readers get.
    private const int BatchBytes = 256 * 1024;
    private const int BatchRows = 5_000;

    private readonly Lock _lock = new();
    private readonly LinkedList<RecordingSegment> _segments = new();
    private readonly List<RecordingTap> _taps = [];
    private TaskCompletionSource _changed = NewSignal();
    private long _bytes;
    private long _unstoredBytes;
    private long _stored;
    private bool _hasAll;
    private bool _isComplete;
    private bool _isOver;
    private Exception? _failure;

    /// <summary>The position after what was recorded last.</summary>
    public long Tail { get; private set; }

    /// <summary>The position up to which the store has the recording.</summary>
    public long Stored
    {
        get
        {
            lock (_lock)
                return _stored;
        }
    }

    /// <summary>How many readers there are.</summary>
    public int Readers
    {
        get
        {
            lock (_lock)
                return _taps.Count;
        }
    }

    /// <summary>Adds the next segment.</summary>
    public void Add(RecordingSegment segment)
    {
        lock (_lock)
        {
            _segments.AddLast(segment);
            _bytes += segment.Bytes;
            _unstoredBytes += segment.Bytes;
            Tail = segment.Next;
            Trim();
            Signal();
        }
    }

    /// <summary>Notes that nothing will follow.</summary>
    /// <param name="isComplete">Whether that is so because it is complete.</param>
    public void End(bool isComplete)
    {
        lock (_lock)
        {
            (_hasAll, _isComplete) = (true, isComplete);
            Signal();
        }
    }

    /// <summary>Completes when the store is not too far behind.</summary>
    public ValueTask RoomAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_unstoredBytes <= maxBytes)
                return ValueTask.CompletedTask;
        }

        return WaitForRoomAsync(cancellation);
    }

    /// <summary>Waits for segments to store; empty if nothing will follow.</summary>
    public async Task<List<RecordingSegment>> NextBatchAsync()
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                var batch = new List<RecordingSegment>();
                var (bytes, rows) = (0L, 0);
                foreach (var segment in Unstored())
                {
                    (bytes, rows) = (bytes + segment.Data.Length, rows + segment.Rows);
                    if (batch.Count > 0 && (bytes > BatchBytes || rows > BatchRows))
                        break;
                    batch.Add(segment);
                }

                if (batch.Count > 0 || _hasAll)
                    return batch;
                changed = _changed.Task;
            }

            await changed.ConfigureAwait(false);
        }
    }

    /// <summary>Whether the recording is complete, and a position is its end.</summary>
    public bool IsComplete(long next)
    {
        lock (_lock)
            return _isComplete && next == Tail;
    }

    /// <summary>Notes that the store has everything up to a position, at which a segment ends.</summary>
    public void HasStored(long next)
    {
        lock (_lock)
        {
            foreach (var segment in Unstored().TakeWhile(segment => segment.Next <= next))
                _unstoredBytes -= segment.Bytes;
            _stored = next;
            Trim();
            Signal();
        }
    }

    /// <summary>
    /// The recording is over: complete, or not, for a reason that readers get when they have all that there is.
    /// </summary>
    public void Finish(Exception? failure)
    {
        lock (_lock)
        {
            (_isOver, _failure) = (true, failure);
            Signal();
        }
    }

    /// <summary>Adds a reader.</summary>
    public void Join(RecordingTap tap)
    {
        lock (_lock)
            _taps.Add(tap);
    }

    /// <summary>Removes a reader.</summary>
    public void Leave(RecordingTap tap)
    {
        lock (_lock)
        {
            _taps.Remove(tap);
            Trim();
        }
    }

    /// <summary>Finds what is at a reader's position, and moves the position on.</summary>
    public TapFinding Find(RecordingTap tap)
    {
        lock (_lock)
        {
            var first = _segments.First?.Value.Start ?? Tail;
            if (tap.Position < first)
                return new TapFinding(null, ReadUpTo: first, null, false);
            for (var node = _segments.Last; node is not null; node = node.Previous)
            {
                if (node.Value.Next <= tap.Position)
                    break;
                if (node.Value.Start > tap.Position)
                    continue;
                var segment = node.Value.From(tap.Position);
                tap.Position = segment.Next;
                Trim();
                return new TapFinding(segment, null, null, false);
            }

            if (_isOver)
                return _failure is null ? new TapFinding(null, null, null, true) : throw _failure;
            return new TapFinding(null, null, _changed.Task, false);
        }
    }

    private IEnumerable<RecordingSegment> Unstored()
    {
        var node = _segments.Last;
        while (node?.Previous is { } previous && previous.Value.Start >= _stored)
            node = previous;
        for (; node is not null; node = node.Next)
        {
            if (node.Value.Start >= _stored)
                yield return node.Value;
        }
    }

    // Drops segments that the store has, if no reader here needs them, or if there are too many bytes.
    private void Trim()
    {
        var least = long.MaxValue;
        foreach (var tap in _taps)
            least = Math.Min(least, tap.Position);
        while (_segments.First is { } first && first.Value.Next <= _stored
            && (_bytes > maxBytes || first.Value.Next <= least))
        {
            _bytes -= first.Value.Bytes;
            _segments.RemoveFirst();
        }
    }

    private async ValueTask WaitForRoomAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_unstoredBytes <= maxBytes)
                    return;
                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellation).ConfigureAwait(false);
        }
    }

    private void Signal()
    {
        _changed.SetResult();
        _changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>What a reader finds at its position: one of four things.</summary>
/// <param name="Segment">The next segment.</param>
/// <param name="ReadUpTo">What is there is only in the store, up to this position.</param>
/// <param name="Changed">There is nothing yet. This completes when that may have changed.</param>
/// <param name="IsEnd">The recording is complete, and this is its end.</param>
internal readonly record struct TapFinding(LiveSegment? Segment, long? ReadUpTo, Task? Changed, bool IsEnd);
