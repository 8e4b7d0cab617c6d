using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Live;

/// <summary>A run of units that all readers of a stream at its start are given. Immutable and shared.</summary>
/// <param name="Start">The position of the first unit.</param>
/// <param name="Next">The position after the last.</param>
/// <param name="Data">As in <see cref="StoredSegment"/>.</param>
/// <param name="UpToDate">Whether <paramref name="Next"/> was the tail when it was read.</param>
/// <param name="Closed">Whether the stream is closed at <paramref name="Next"/>.</param>
internal sealed record LiveSegment(long Start, long Next, ReadOnlyMemory<byte> Data, bool UpToDate, bool Closed)
{
    /// <summary>What is made of the segment once for all its readers: the bytes of its event.</summary>
    public object? Encoded { get; set; }

    /// <summary>What a segment is to live readers; null where there is no stream any more.</summary>
    public static LiveSegment? Of(StoredSegment stored)
    {
        if (stored.Stream is not { } stream)
            return null;
        var isUpToDate = stored.Next >= stream.Tail;
        return new LiveSegment(stored.Start, stored.Next, stored.Data, isUpToDate, isUpToDate && stream.Closed);
    }
}
