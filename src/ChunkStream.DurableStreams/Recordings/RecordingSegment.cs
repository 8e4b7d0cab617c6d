using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>A segment of what was recorded. Immutable.</summary>
/// <param name="Start">The position of its first byte or message.</param>
/// <param name="Next">The position after its last one.</param>
/// <param name="Data">As in <see cref="StoredSegment"/>.</param>
/// <param name="Ends">In JSON mode, where in the data each message ends; otherwise null.</param>
internal sealed record RecordingSegment(long Start, long Next, ReadOnlyMemory<byte> Data, int[]? Ends)
{
    // What a segment costs beside its data. With it, very many small segments count, too.
    private const int Overhead = 200;

    /// <summary>About how many bytes of memory it takes.</summary>
    public int Bytes => Data.Length + Overhead + ((Ends?.Length ?? 0) * sizeof(int));

    /// <summary>How many rows the store makes of it.</summary>
    public int Rows => Ends?.Length ?? 1;

    /// <summary>The part of it from a position on, which is inside it.</summary>
    public LiveSegment From(long position)
    {
        var skipped = position == Start ? 0 : Ends is null ? (int)(position - Start) : Ends[position - Start - 1] + 1;
        return new LiveSegment(position, Next, Data[skipped..], UpToDate: false, Closed: false);
    }

    /// <summary>Adds its messages to those to append.</summary>
    public void AddMessagesTo(List<ReadOnlyMemory<byte>> messages)
    {
        var start = 0;
        foreach (var end in Ends!)
        {
            messages.Add(Data[start..end]);
            start = end + 1;
        }
    }
}
