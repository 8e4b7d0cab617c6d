using ChunkStream.Problems;

namespace ChunkStream.Durable;

/// <summary>The appends that the process holds, each stream's in a line of their own; and no more of them than fit into its memory.</summary>
/// <param name="maxBytes">See <see cref="DurableOptions.MaxWaitingBytes"/>.</param>
internal sealed class WaitingAppends(long maxBytes)
{
    // Of one call. Memory, and how long the first of them waits for the last.
    private const int MostAppends = 256;
    private const long MostBytes = 4 * 1024 * 1024;

    // One stream may have one of them.
    private const int Shares = 4;

    private readonly Lock _lock = new();

    // Those that a call is under way for.
    private readonly Dictionary<string, Line> _lines = [];
    private long _bytes;

    /// <summary>Takes one in.</summary>
    /// <returns>Whether it is to be sent now; else it is one of the next, see <see cref="Next"/>.</returns>
    /// <exception cref="ProblemException">There are too many already.</exception>
    public bool Add(WaitingAppend append)
    {
        lock (_lock)
        {
            var isFirst = !_lines.TryGetValue(append.Path, out var line);

            // However large it is, it may be the only one.
            if (_bytes > 0 && _bytes + append.Cost > maxBytes)
                throw new ProblemException(Problem.TooManyAppends("As many appends wait for the database on this instance as may."));
            if (line is { Bytes: > 0 } && line.Bytes + append.Cost > maxBytes / Shares)
                throw new ProblemException(Problem.TooManyAppends("As many appends to this stream wait for the database as may."));

            if (line is null)
                _lines[append.Path] = line = new Line();
            else
                line.Waiting.AddLast(append.Place);
            line.Bytes += append.Cost;
            _bytes += append.Cost;
            return isFirst;
        }
    }

    /// <summary>Of a stream for which a call has ended: what to send with the next. Empty: nothing waits, and the next to come is the first.</summary>
    public List<WaitingAppend> Next(string path)
    {
        var next = new List<WaitingAppend>();
        lock (_lock)
        {
            var waiting = _lines[path].Waiting;
            for (var bytes = 0L; waiting.First is { Value: var append } && next.Count < MostAppends; next.Add(append))
            {
                bytes += append.Bytes;
                if (next.Count > 0 && bytes > MostBytes)
                    break;
                waiting.RemoveFirst();
            }

            if (next.Count == 0)
                _lines.Remove(path);
        }

        return next;
    }

    /// <summary>One was sent: its memory is free.</summary>
    public void Remove(WaitingAppend append)
    {
        lock (_lock)
            Free(append);
    }

    /// <summary>Nobody waits for one any more: it is not sent, unless it is already.</summary>
    public void Leave(WaitingAppend append)
    {
        lock (_lock)
        {
            if (append.Place.List is not { } waiting)
                return;
            waiting.Remove(append.Place);
            Free(append);
        }
    }

    private void Free(WaitingAppend append)
    {
        _lines[append.Path].Bytes -= append.Cost;
        _bytes -= append.Cost;
    }

    private sealed class Line
    {
        public LinkedList<WaitingAppend> Waiting { get; } = new();

        // With those under way.
        public long Bytes { get; set; }
    }
}

/// <summary>An append that waits, or is under way.</summary>
internal sealed class WaitingAppend
{
    // Of the request itself.
    private const int OwnCost = 4 * 1024;

    public WaitingAppend(AppendToStream append)
    {
        Append = append;
        Bytes = append.Content.Sum(piece => (long)piece.Length);
        Place = new LinkedListNode<WaitingAppend>(this);
    }

    public AppendToStream Append { get; }

    public string Path => Append.Path;

    public long Bytes { get; }

    /// <summary>About what it costs while it is held.</summary>
    public long Cost => Bytes + OwnCost;

    public LinkedListNode<WaitingAppend> Place { get; }

    public TaskCompletionSource<AppendResult> Outcome { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
