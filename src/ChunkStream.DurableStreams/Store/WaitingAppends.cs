using System.Diagnostics;

namespace ChunkStream.DurableStreams.Store;

/// <summary>The appends that wait for the database, each stream's in a line of their own.</summary>
internal sealed class WaitingAppends
{
    // The bounds of one call, for its memory and for how long its first append waits for the last one.
    private const int MostAppends = 256;
    private const long MostBytes = 4 * 1024 * 1024;

    private readonly Lock _lock = new();

    // A stream has a line while a call for it is under way.
    private readonly Dictionary<string, LinkedList<WaitingAppend>> _lines = [];

    /// <summary>Adds an append.</summary>
    /// <returns>Whether it must be sent now. Otherwise it waits for its turn, see <see cref="Next"/>.</returns>
    public bool Add(WaitingAppend append)
    {
        lock (_lock)
        {
            if (_lines.TryGetValue(append.Path, out var line))
            {
                line.AddLast(append.Place);
                return false;
            }

            _lines[append.Path] = new LinkedList<WaitingAppend>();
            return true;
        }
    }

    /// <summary>
    /// What to send with the next call for a stream whose call has ended. Empty if nothing waits: then the next append
    /// is the first again.
    /// </summary>
    public List<WaitingAppend> Next(string path)
    {
        var next = new List<WaitingAppend>();
        lock (_lock)
        {
            var waiting = _lines[path];
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

    /// <summary>Drops an append that nobody waits for any more, unless it was sent already.</summary>
    public void Leave(WaitingAppend append)
    {
        lock (_lock)
        {
            if (append.Place.List is not { } waiting)
                return;
            waiting.Remove(append.Place);
        }

        append.Room.Dispose();
    }
}

/// <summary>An append that waits, or is under way.</summary>
internal sealed class WaitingAppend
{
    // What each message after the first costs beside its bytes: where it is in the body.
    private const int MessageCost = 32;

    /// <param name="append">The append.</param>
    /// <param name="room">The room that it holds in memory, until it has been sent.</param>
    public WaitingAppend(AppendToStream append, AppendRoom.Place room)
    {
        (Append, Room) = (append, room);
        Bytes = append.Content.Sum(part => (long)part.Length);
        Place = new LinkedListNode<WaitingAppend>(this);
    }

    public AppendToStream Append { get; }

    /// <summary>The span of the request, if there is one.</summary>
    public Activity? Caller { get; } = Activity.Current;

    public AppendRoom.Place Room { get; }

    public string Path => Append.Path;

    public long Bytes { get; }

    /// <summary>About how many bytes of memory it takes while it is held.</summary>
    public long Cost => AppendRoom.RequestCost + Bytes + (MessageCost * (long)Math.Max(0, Append.Content.Count - 1));

    public LinkedListNode<WaitingAppend> Place { get; }

    public TaskCompletionSource<AppendResult> Outcome { get; }
        = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
