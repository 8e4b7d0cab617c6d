namespace ChunkStream.Problems;

/// <summary>
/// Limits log events that clients can cause as often as they like. The first event of a kind is logged at once; after
/// that one is logged every 10 seconds, with the number of those that were not.
/// </summary>
internal sealed class SampledEvents(TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, (long ToldAt, long Untold)> _kinds = [];

    /// <summary>Counts an event, and tells whether to log it.</summary>
    /// <param name="kind">The kind of event, one of a few.</param>
    /// <returns>
    /// How many events of the kind were left out since the last one that was logged; null if this one is to be left
    /// out.
    /// </returns>
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
