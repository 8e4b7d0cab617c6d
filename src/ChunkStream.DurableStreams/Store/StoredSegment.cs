namespace ChunkStream.DurableStreams.Store;

/// <summary>A segment of a stream, read at one moment.</summary>
/// <param name="Presence">Whether there is a stream; if not, nothing else is there.</param>
/// <param name="Stream">The stream at that moment.</param>
/// <param name="Start">The position of its first byte or message.</param>
/// <param name="Next">The position after its last one; <paramref name="Start"/> if there is none.</param>
/// <param name="Data">The bytes; in JSON mode the messages with a comma between two.</param>
internal sealed record StoredSegment(
    Presence Presence,
    DurableStream? Stream,
    long Start,
    long Next,
    ReadOnlyMemory<byte> Data);
