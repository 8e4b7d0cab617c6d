using ChunkStream.Formats;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Rows or changes in memory, which several readers take, each at its own speed. Their room is given back when nobody
/// holds them any more. Whoever makes a batch holds it.
/// </summary>
internal sealed class LiveBatch
{
    /// <summary>What a change costs, beside its JSON.</summary>
    public const int ChangeCost = 32;

    private readonly LiveRoom _room;
    private volatile LiveChange[]? _changes;
    private LinkedListNode<LiveBatch>? _offer;
    private int _holders = 1;

    /// <param name="changes">What is held.</param>
    /// <param name="room">The room that it has. The batch gives it back.</param>
    public LiveBatch(LiveChange[] changes, LiveRoom room)
        => (_changes, _room, Count, Bytes) = (changes, room, changes.Length, room.Bytes);

    /// <summary>How many rows or changes there are, or were.</summary>
    public int Count { get; }

    /// <summary>How much room they have, or had.</summary>
    public long Bytes { get; }

    /// <summary>Whether it was dropped: others needed the room.</summary>
    public bool IsDropped => _changes is null;

    /// <summary>All of it, for one who holds it and has not offered it.</summary>
    /// <exception cref="ObjectDisposedException">It was dropped.</exception>
    public IReadOnlyList<LiveChange> All => _changes ?? throw new ObjectDisposedException(nameof(LiveBatch));

    /// <summary>Gives one of the rows or changes; false if the batch was dropped.</summary>
    public bool TryGet(int index, out LiveChange change)
    {
        var changes = _changes;
        change = changes is null ? default : changes[index];
        return changes is not null;
    }

    /// <summary>One more holds it; false if it was dropped, and then nobody more does.</summary>
    public bool TryHold()
    {
        lock (_room.Memory.Lock)
        {
            if (_changes is null)
                return false;
            _holders++;
            return true;
        }
    }

    /// <summary>From now on it may be dropped if others need the room.</summary>
    public LiveBatch Offer()
    {
        lock (_room.Memory.Lock)
        {
            if (_changes is not null)
                _offer ??= _room.Memory.Offer(this);
        }

        return this;
    }

    /// <summary>One who holds it does not do so any more.</summary>
    public void Release()
    {
        lock (_room.Memory.Lock)
        {
            if (--_holders > 0 || _changes is null)
                return;
            if (_offer is not null)
                _room.Memory.Withdraw(_offer);
            Drop();
        }
    }

    /// <summary>Gives the room back. Only with the lock of the memory, and when it is not offered any more.</summary>
    public void Drop()
    {
        (_changes, _offer) = (null, null);
        _room.Dispose();
    }
}

/// <summary>A change of one row.</summary>
/// <param name="Kind">Whether the row is there, or has gone.</param>
/// <param name="Json">The row, or its key: a JSON object.</param>
internal readonly record struct LiveChange(RecordKind Kind, ReadOnlyMemory<byte> Json);
