using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>A run of what was recorded. Immutable.</summary>
/// <param name="Start">The position of the first.</param>
/// <param name="Next">The position after the last.</param>
/// <param name="Data">As in <see cref="StoredSegment"/>.</param>
/// <param name="Ends">In JSON mode where each message ends in it, else null.</param>
internal sealed record RecordingSegment(long Start, long Next, ReadOnlyMemory<byte> Data, int[]? Ends)
{
    // What a segment costs beside its data, so that very many very small ones count too.
    private const int Overhead = 200;

    /// <summary>About how many bytes of memory it takes.</summary>
    public int Bytes => Data.Length + Overhead + ((Ends?.Length ?? 0) * sizeof(int));

    /// <summary>How many rows the store makes of it.</summary>
    public int Rows => Ends?.Length ?? 1;

    /// <summary>What it has from a position on that is inside it.</summary>
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
