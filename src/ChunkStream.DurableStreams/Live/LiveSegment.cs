using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Live;

/// <summary>A segment that is given to all readers of a stream who stand at its start. Immutable and shared.</summary>
/// <param name="Start">The position of its first byte or message.</param>
/// <param name="Next">The position after its last one.</param>
/// <param name="Data">As in <see cref="StoredSegment"/>.</param>
/// <param name="UpToDate">Whether <paramref name="Next"/> was the tail when it was read.</param>
/// <param name="Closed">Whether the stream is closed at <paramref name="Next"/>.</param>
internal sealed record LiveSegment(long Start, long Next, ReadOnlyMemory<byte> Data, bool UpToDate, bool Closed)
{
    private LiveEvent? _event;

    /// <summary>What a stored segment is to live readers; null where there is no stream any more.</summary>
    public static LiveSegment? From(StoredSegment stored)
    {
        if (stored.Stream is not { } stream)
            return null;
        var isUpToDate = stored.Next >= stream.Tail;
        return new LiveSegment(stored.Start, stored.Next, stored.Data, isUpToDate, isUpToDate && stream.Closed);
    }

    /// <summary>Its event, which is made once for all its readers.</summary>
    /// <param name="content">What the stream holds, and so the same for all readers.</param>
    // If two readers ask at once, both make the same event.
    public LiveEvent Event(LiveContent content) => _event ??= LiveEvents.Encode(this, content);
}
