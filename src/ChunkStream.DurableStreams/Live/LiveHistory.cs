namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// The newest segments of a stream, which are kept for a while for readers that arrive a little later. Not for several
/// callers at once.
/// </summary>
internal sealed class LiveHistory
{
    private readonly LinkedList<LiveSegment> _segments = new();
    private long _bytes;

    /// <summary>The segment that begins at a position; null if it is not kept.</summary>
    public LiveSegment? Find(long position)
    {
        for (var node = _segments.Last; node is not null && node.Value.Start >= position; node = node.Previous)
        {
            if (node.Value.Start == position)
                return node.Value;
        }

        return null;
    }

    /// <summary>Adds a segment, and drops those that nobody needs or that are too many.</summary>
    /// <param name="segment">The segment, which follows the last one.</param>
    /// <param name="least">The position of the reader that is farthest behind.</param>
    public void Add(LiveSegment segment, long least)
    {
        _segments.AddLast(segment);
        _bytes += Cost(segment);
        while (_segments.First is { } first
            && (first.Value.Next <= least || (_bytes > LiveStreams.HistoryBytes && first != _segments.Last)))
        {
            _bytes -= Cost(first.Value);
            _segments.RemoveFirst();
        }
    }

    /// <summary>Drops all segments.</summary>
    public void Clear()
    {
        _segments.Clear();
        _bytes = 0;
    }

    // About how many bytes it costs to keep a segment: its data, its event, and the objects around them.
    private static long Cost(LiveSegment segment) => (2 * segment.Data.Length) + 512;
}
