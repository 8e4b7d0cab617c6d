namespace ChunkStream.Postgres.Live;

/// <summary>
/// The steps of a group, which its readers take one after another, each at its own speed. What all of them have taken
/// is not held.
/// </summary>
internal sealed class LiveSteps
{
    // For readers that are slow the latest steps are kept up to this. A reader that is slower takes a step of its own.
    private const long MostBytes = 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<LiveNode> _kept = new();
    private LiveNode _tail = new();
    private long _bytes;

    /// <summary>The place after the last step.</summary>
    public LiveNode Tail
    {
        get
        {
            lock (_lock)
                return _tail;
        }
    }

    /// <summary>A reader follows from after the last step that there is. Later it has to <see cref="Leave"/>.</summary>
    public LiveNode Enter()
    {
        lock (_lock)
        {
            _tail.Readers++;
            return _tail;
        }
    }

    /// <summary>A reader is not at its place any more.</summary>
    public void Leave(LiveNode node)
    {
        lock (_lock)
        {
            node.Readers--;
            Forget();
        }
    }

    /// <summary>
    /// Takes a reader over the step that comes after its place, and holds the changes for it. Null if the step was
    /// forgotten, and the reader is where it was.
    /// </summary>
    public LiveNext? Take(LiveNode node)
    {
        lock (_lock)
        {
            if (node.Next is not { } next || !next.Changes.TryHold())
                return null;
            next.Node.Readers++;
            Leave(node);
            return next;
        }
    }

    /// <summary>Adds a step.</summary>
    /// <param name="to">The position after it.</param>
    /// <param name="changes">What changed, held for these steps.</param>
    public void Add(LivePosition to, LiveBatch changes)
    {
        lock (_lock)
        {
            var before = _tail;
            _tail = new LiveNode { From = to };
            _kept.Enqueue(before);
            _bytes += changes.Bytes;
            before.Set(new LiveNext(to, changes, _tail));
            Forget();
        }
    }

    /// <summary>There will be no more steps, and nobody takes those that there are.</summary>
    public void End(Exception failure)
    {
        lock (_lock)
        {
            _tail.Fail(failure);
            while (_kept.Count > 0)
                ForgetFirst();
        }
    }

    private void Forget()
    {
        while (_kept.TryPeek(out var first) && (first.Readers == 0 || (_bytes > MostBytes && _kept.Count > 1)))
            ForgetFirst();
    }

    private void ForgetFirst()
    {
        var first = _kept.Dequeue();
        _bytes -= first.Next!.Changes.Bytes;
        first.Forget();
    }
}
