namespace ChunkStream.DurableStreams.Store;

/// <summary>A segment of a stream, read at one moment.</summary>
/// <param name="Presence">Whether there is a stream; if not, nothing else is there.</param>
/// <param name="Stream">The stream at that moment.</param>
/// <param name="Start">The position of the first unit.</param>
/// <param name="Next">The position after the last unit; <paramref name="Start"/> if there is none.</param>
/// <param name="Data">The bytes; in JSON mode the messages with a comma between two.</param>
internal sealed record StoredSegment(
    Presence Presence,
    DurableStream? Stream,
    long Start,
    long Next,
    ReadOnlyMemory<byte> Data);
