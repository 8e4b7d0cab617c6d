namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// Remembers which streams have changed lately, whether or not anybody follows them, so that a reader that first reads
/// a stream and then follows it misses nothing in between. If more streams change than it can remember, it only knows
/// that any stream may have changed: every role that may connect to the database can tell it of changes, so its memory
/// must have a bound. Not for several callers at once.
/// </summary>
internal sealed class RecentChanges(TimeProvider time)
{
    /// <summary>How far back it knows all, at least.</summary>
    public static readonly TimeSpan Reach = TimeSpan.FromSeconds(10);

    /// <summary>How many streams it remembers for each span of <see cref="Reach"/>.</summary>
    public const int MostStreams = 20_000;

    private Span _now = new();
    private Span _before = new();
    private long _since = time.GetTimestamp();

    /// <summary>A stream has a new tail; or, with null, something else about it has changed.</summary>
    public void Add(long id, long? tail)
    {
        Advance();
        _now.Add(id, tail ?? long.MaxValue);
    }

    /// <summary>Whether a stream that was that far may have changed since.</summary>
    public bool MayHaveChanged(long id, long tail)
    {
        Advance();
        return _now.MayBeBeyond(id, tail) || _before.MayBeBeyond(id, tail);
    }

    // Begins a new span once the current one has reached its length.
    private void Advance()
    {
        var elapsed = time.GetElapsedTime(_since);
        if (elapsed <= Reach)
            return;
        (_now, _before) = (_before, _now);
        _now.Clear();
        if (elapsed > 2 * Reach)
            _before.Clear();
        _since = time.GetTimestamp();
    }

    private sealed class Span
    {
        private readonly Dictionary<long, long> _tails = [];
        private bool _isOverfull;

        public void Add(long id, long tail)
        {
            if (_isOverfull)
                return;
            _tails[id] = Math.Max(tail, _tails.GetValueOrDefault(id));
            _isOverfull = _tails.Count > MostStreams;
        }

        public bool MayBeBeyond(long id, long tail) => _isOverfull || _tails.GetValueOrDefault(id) > tail;

        public void Clear()
        {
            _tails.Clear();
            _isOverfull = false;
        }
    }
}
