namespace ChunkStream.Postgres.Connections;

/// <summary>
/// The streams that wait for a place, and the order in which they get one. Newcomers come first, because they have no
/// row yet; but returning streams don't wait for ever. Not thread-safe: <see cref="ConnectionSlots"/> has the lock.
/// </summary>
/// <param name="mostNewcomers">How many newcomers wait at most. 0 or more.</param>
/// <param name="mostAnonymous">How many of these may have callers without a key.</param>
/// <param name="time">The clock that tells how long each has waited.</param>
internal sealed class SlotQueue(int mostNewcomers, int mostAnonymous, TimeProvider time)
{
    // A returning stream comes before a newcomer if it has waited this much longer.
    private static readonly TimeSpan HeadStart = TimeSpan.FromSeconds(1);

    private readonly LinkedList<SlotTurn> _newcomers = new();
    private readonly LinkedList<SlotTurn> _returning = new();

    /// <summary>How many wait.</summary>
    public (int Newcomers, int Returning) Waiting => (_newcomers.Count, _returning.Count);

    /// <summary>Whether another newcomer is refused.</summary>
    public bool IsFull(bool isAnonymous)
        => _newcomers.Count >= mostNewcomers
            || (isAnonymous && _newcomers.Count(turn => turn.IsAnonymous) >= mostAnonymous);

    /// <summary>Adds a stream at the end of its line.</summary>
    public LinkedListNode<SlotTurn> Add(bool isNewcomer, bool isAnonymous)
        => (isNewcomer ? _newcomers : _returning).AddLast(new SlotTurn(isAnonymous, time.GetTimestamp()));

    /// <summary>Who waits, of those for whom a condition holds.</summary>
    public SlotWanted WantedBy(Func<SlotTurn, bool> condition)
        => _newcomers.Any(condition) ? SlotWanted.ByNewcomers
            : _returning.Any(condition) ? SlotWanted.ByReturning
            : SlotWanted.ByNobody;

    /// <summary>Whose turn is next, of those for whom a condition holds; null if none is.</summary>
    public LinkedListNode<SlotTurn>? Next(Func<SlotTurn, bool> condition)
        => First(_newcomers, condition) is not { } newcomer ? First(_returning, condition)
            : First(_returning, condition) is { } returning
                && time.GetElapsedTime(returning.Value.Since, newcomer.Value.Since) > HeadStart ? returning
            : newcomer;

    private static LinkedListNode<SlotTurn>? First(LinkedList<SlotTurn> line, Func<SlotTurn, bool> condition)
    {
        var turn = line.First;
        while (turn is not null && !condition(turn.Value))
            turn = turn.Next;
        return turn;
    }
}

/// <summary>A stream that waits for a place.</summary>
/// <param name="isAnonymous">Whether its caller gave no key.</param>
/// <param name="since">Since when it waits: a timestamp.</param>
internal sealed class SlotTurn(bool isAnonymous, long since)
{
    public bool IsAnonymous => isAnonymous;

    public long Since => since;

    /// <summary>Completes when the stream has got a place.</summary>
    public TaskCompletionSource Came { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
