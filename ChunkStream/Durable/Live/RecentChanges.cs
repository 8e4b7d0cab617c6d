namespace ChunkStream.Durable;

/// <summary>
/// Which streams have changed lately, whether or not anybody followed them: who reads a stream and follows it then has missed
/// nothing in between. Not for several callers at once.
/// </summary>
internal sealed class RecentChanges(TimeProvider time)
{
    /// <summary>How far back it knows all, at least.</summary>
    public static readonly TimeSpan Reach = TimeSpan.FromSeconds(10);

    private Dictionary<long, long> _now = [];
    private Dictionary<long, long> _before = [];
    private long _since = time.GetTimestamp();

    /// <summary>A stream is that far, or with null is otherwise new.</summary>
    public void Add(long id, long? tail)
    {
        if (time.GetElapsedTime(_since) > Reach)
        {
            (_now, _before) = (time.GetElapsedTime(_since) > 2 * Reach ? [] : _before, _now);
            _now.Clear();
            _since = time.GetTimestamp();
        }

        _now[id] = Math.Max(tail ?? long.MaxValue, _now.GetValueOrDefault(id));
    }

    /// <summary>Whether a stream that was that far has changed since, as far as is known.</summary>
    public bool HasChanged(long id, long tail) => _now.GetValueOrDefault(id) > tail || _before.GetValueOrDefault(id) > tail;
}
