using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Live;

/// <summary>A run of units that all readers of a stream at its start are given. Immutable and shared.</summary>
/// <param name="Start">The position of the first unit.</param>
/// <param name="Next">The position after the last.</param>
/// <param name="Data">As in <see cref="StreamPiece"/>.</param>
/// <param name="UpToDate">Whether <paramref name="Next"/> was the tail when it was read.</param>
/// <param name="Closed">Whether the stream is closed at <paramref name="Next"/>.</param>
internal sealed record StreamBlock(long Start, long Next, ReadOnlyMemory<byte> Data, bool UpToDate, bool Closed)
{
    /// <summary>What is made of the block once for all its readers: the bytes of its event.</summary>
    public object? Encoded { get; set; }

    /// <summary>What a piece is to live readers; null where there is no stream any more.</summary>
    public static StreamBlock? Of(StreamPiece piece)
    {
        if (piece.Stream is not { } stream)
            return null;
        var isUpToDate = piece.Next >= stream.Tail;
        return new StreamBlock(piece.Start, piece.Next, piece.Data, isUpToDate, isUpToDate && stream.Closed);
    }
}
