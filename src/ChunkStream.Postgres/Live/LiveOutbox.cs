using ChunkStream.Formats;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// What a reader is told next: single events, and between them batches of rows or changes, which it may share with
/// other readers. For one caller.
/// </summary>
internal sealed class LiveOutbox
{
    private readonly Queue<(LiveChange Event, LiveBatch? Batch)> _next = new();

    // How many of the batch at the front were taken.
    private int _taken;

    /// <summary>Whether there is nothing.</summary>
    public bool IsEmpty => _next.Count == 0;

    /// <summary>Whether something can be taken.</summary>
    public bool HasNext => _next.TryPeek(out var first) && first.Batch is not { IsDropped: true };

    /// <summary>Whether the rest of a batch was dropped, because this reader is slow and others need room.</summary>
    public bool IsCut => _next.TryPeek(out var first) && first.Batch is { IsDropped: true };

    /// <summary>Adds an event.</summary>
    public void Add(RecordKind kind, ReadOnlyMemory<byte> json = default)
        => _next.Enqueue((new LiveChange(kind, json), null));

    /// <summary>Adds a batch that is held for the reader, and releases it once all of it was taken.</summary>
    public void Add(LiveBatch batch)
    {
        if (batch.Count > 0)
            _next.Enqueue((default, batch));
        else
            batch.Release();
    }

    /// <summary>Takes what is next; false if there is nothing, or it was cut.</summary>
    public bool TryTake(out LiveChange next)
    {
        next = default;
        if (!_next.TryPeek(out var first))
            return false;
        if (first.Batch is not { } batch)
        {
            next = first.Event;
            _next.Dequeue();
            return true;
        }

        if (!batch.TryGet(_taken, out next))
            return false;
        if (++_taken == batch.Count)
            Remove();
        return true;
    }

    /// <summary>Forgets all that was not taken.</summary>
    public void Clear()
    {
        while (!IsEmpty)
            Remove();
    }

    private void Remove()
    {
        _taken = 0;
        _next.Dequeue().Batch?.Release();
    }
}
