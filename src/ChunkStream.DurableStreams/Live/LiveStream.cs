using System.Diagnostics;
using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// A stream that has readers in this process. Each change is read once, from the position that all of them have reached
/// (the head). The segment goes to every reader that waits there, and is kept for a while for readers that arrive a
/// little later.
/// </summary>
internal sealed class LiveStream
{
    private readonly LiveStreams _owner;
    private readonly LiveReads _reads;
    private readonly List<LiveReader> _readers = [];
    private readonly LiveHistory _history = new();
    private readonly Dictionary<long, Task<LiveSegment?>> _behind = [];
    private long _head;
    private long _known;
    private long _farthest;
    private bool _mustLook;
    private bool _isReading;
    private bool _isClosed;
    private bool _isOver;

    /// <param name="owner">All streams that have readers in this process.</param>
    /// <param name="reads">Reads the database.</param>
    /// <param name="stream">The stream as its first reader has seen it.</param>
    public LiveStream(LiveStreams owner, LiveReads reads, DurableStream stream)
    {
        (_owner, _reads, Id) = (owner, reads, stream.Id);
        (_head, _known, _isClosed) = (stream.Tail, stream.Tail, stream.Closed);
        TimeToLive = stream.TtlSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue)) : null;
        ExpiresAt = stream.ExpiresAt;
    }

    /// <summary>
    /// Guards this stream and its readers. Code that waits or calls other objects does not run under it.
    /// </summary>
    public Lock Lock { get; } = new();

    /// <summary>The stream's number.</summary>
    public long Id { get; }

    /// <summary>See <see cref="DurableStream.TtlSeconds"/>.</summary>
    public TimeSpan? TimeToLive { get; }

    /// <summary>See <see cref="DurableStream.ExpiresAt"/>.</summary>
    public DateTimeOffset? ExpiresAt { get; }

    /// <summary>When to ask the database next how far it is: a timestamp. For <see cref="LiveStreams"/>.</summary>
    public long LookAt { get; set; }

    /// <summary>Adds a reader. False if the last one has just left, and this object is no longer in use.</summary>
    public bool TryJoin(long position, out LiveReader reader)
    {
        reader = new LiveReader(this, position);
        lock (Lock)
        {
            if (_isOver)
                return false;
            _readers.Add(reader);
            _farthest = Math.Max(_farthest, position);
        }

        return true;
    }

    /// <summary>Removes a reader.</summary>
    public void Leave(LiveReader reader)
    {
        bool isLast;
        lock (Lock)
        {
            isLast = _readers.Remove(reader) && _readers.Count == 0;
            if (isLast)
                _isOver = true;
        }

        _owner.Left(isLast ? this : null);
    }

    /// <summary>The stream has a new tail; or, with null, something else about it has changed.</summary>
    public void Changed(long? tail)
    {
        lock (Lock)
        {
            if (tail is { } position)
                _known = Math.Max(_known, position);
            else
                _mustLook = true;
            if (_isReading || !HasMore)
                return;
            _isReading = true;
        }

        _ = ReadOnAsync();
    }

    /// <summary>The database was asked, and gave this tail.</summary>
    public void Saw(long tail, bool isClosed)
    {
        lock (Lock)
            _mustLook |= isClosed && !_isClosed;
        Changed(tail);
    }

    /// <summary>The stream is deleted, or has expired.</summary>
    public void End()
    {
        lock (Lock)
            EndInside();
    }

    /// <summary>Finds what is at a position. Called under the lock.</summary>
    public LiveFinding Find(long position, out LiveSegment? segment)
    {
        segment = null;
        if (_isOver)
            return LiveFinding.Over;
        if (position >= _head)
        {
            if (!_isClosed || position > _head)
                return LiveFinding.Nothing;
            segment = new LiveSegment(position, position, default, true, true);
            return LiveFinding.Segment;
        }

        segment = _history.Find(position);
        return segment is null ? LiveFinding.Behind : LiveFinding.Segment;
    }

    /// <summary>
    /// Reads from a position before the head, up to the head at most. All who ask for the same while it is being read
    /// share it: readers who were cut off together come back together. Under the lock.
    /// </summary>
    public Task<LiveSegment?> ReadBehindAsync(long position)
    {
        if (_behind.TryGetValue(position, out var read))
            return read;
        var head = _head;
        read = Task.Run(async () =>
        {
            try
            {
                return LiveSegment.From(await _reads.ReadAsync(Id, position, head).ConfigureAwait(false));
            }
            finally
            {
                lock (Lock)
                    _behind.Remove(position);
            }
        });
        _behind[position] = read;
        return read;
    }

    private bool HasMore => !_isOver && (_mustLook || _known > _head) && _readers.Count > 0;

    private async Task ReadOnAsync()
    {
        // It is no part of the request's span. It begins on this thread, and not by Background.Run, because all readers
        // wait for it.
        Activity.Current = null;
        for (var failures = 0; ;)
        {
            long from, known;
            long? to;
            lock (Lock)
            {
                if (!HasMore)
                {
                    _isReading = false;
                    return;
                }

                (from, to, known, _mustLook) = (_head, NextAhead(), _known, false);
            }

            try
            {
                var stored = await _reads.ReadAsync(Id, from, to).ConfigureAwait(false);
                lock (Lock)
                {
                    Publish(stored);
                    // Notices from before this read are covered; newer ones may not be. And the stream may have more
                    // than this read gave, of which no notice came.
                    if (stored.Next < stored.Stream?.Tail)
                        _known = Math.Max(_known, stored.Stream.Tail);
                    else if (_known == known)
                        _known = _head;
                }

                failures = 0;
            }
            catch (Exception) when (_reads.IsStopping)
            {
                // The readers' own responses end when the process stops.
                return;
            }
            catch (Exception e)
            {
                // The readers go on waiting, and lose nothing.
                lock (Lock)
                    _mustLook = true;
                await _reads.PauseAfterAsync(e, ++failures).ConfigureAwait(false);
            }
        }
    }

    // The position of the nearest reader that is ahead of the head: a segment has to end there.
    private long? NextAhead()
    {
        if (_farthest <= _head)
            return null;
        var next = long.MaxValue;
        foreach (var reader in _readers)
        {
            if (reader.Position > _head)
                next = Math.Min(next, reader.Position);
        }

        return next == long.MaxValue ? null : next;
    }

    private void Publish(StoredSegment stored)
    {
        if (_isOver)
            return;
        if (LiveSegment.From(stored) is not { } segment)
        {
            EndInside();
            return;
        }

        _head = segment.Next;
        _isClosed = segment.Closed;
        if (segment.Data.IsEmpty && !segment.Closed)
            return;

        var given = 0;
        foreach (var reader in _readers)
        {
            if (!reader.IsWaiting)
                continue;
            if (reader.Position == segment.Start)
            {
                reader.Complete(segment);
                given++;
                continue;
            }

            // The reader arrived in the middle of the segment, or at its end, while the segment was being read.
            switch (Find(reader.Position, out var found))
            {
                case LiveFinding.Segment:
                    reader.Complete(found);
                    break;
                case LiveFinding.Behind:
                    _ = ReadForAsync(reader, reader.Position);
                    break;
            }
        }

        Keep(segment, given < _readers.Count);
    }

    /// <summary>
    /// Reads for a waiting reader at whose position no published segment begins. Called under the lock.
    /// </summary>
    private async Task ReadForAsync(LiveReader reader, long position)
    {
        for (var failures = 0; ;)
        {
            try
            {
                Task<LiveSegment?> read;
                lock (Lock)
                {
                    if (!reader.IsWaiting || reader.Position != position)
                        return;
                    read = ReadBehindAsync(position);
                }

                var segment = await read.ConfigureAwait(false);
                lock (Lock)
                {
                    if (reader.IsWaiting && reader.Position == position)
                        reader.Complete(segment);
                }

                return;
            }
            catch (Exception) when (_reads.IsStopping)
            {
                return;
            }
            catch (Exception e)
            {
                await _reads.PauseAfterAsync(e, ++failures).ConfigureAwait(false);
            }
        }
    }

    private void Keep(LiveSegment segment, bool isWanted)
    {
        if (!isWanted)
        {
            _history.Clear();
            return;
        }

        if (segment.Data.IsEmpty)
            return;
        var least = long.MaxValue;
        foreach (var reader in _readers)
            least = Math.Min(least, reader.Position);
        _history.Add(segment, least);
    }

    private void EndInside()
    {
        _isOver = true;
        _isReading = false;
        foreach (var reader in _readers)
        {
            if (reader.IsWaiting)
                reader.Complete(null);
        }
    }
}
