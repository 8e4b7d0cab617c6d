namespace ChunkStream.Problems;

/// <summary>
/// Events that somebody can cause as often as they like: the first of a kind is told at once, then one in a while with how
/// many were not.
/// </summary>
internal sealed class SampledEvents(TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, (long ToldAt, long Untold)> _kinds = [];

    /// <summary>How many like it were not told since the last that was; null where this one is not to be told.</summary>
    /// <param name="kind">The kind, one of a few.</param>
    public long? Untold(int kind)
    {
        lock (_lock)
        {
            if (_kinds.TryGetValue(kind, out var known) && time.GetElapsedTime(known.ToldAt) < Pause)
            {
                _kinds[kind] = known with { Untold = known.Untold + 1 };
                return null;
            }

            _kinds[kind] = (time.GetTimestamp(), 0);
            return known.Untold;
        }
    }
}
