namespace ChunkStream.Formats;

/// <summary>
/// The sizes of the engine's buffers, in bytes. The runtime switch <c>ChunkStream.TinyBuffers</c> makes them tiny, so
/// that the tests run every path on which a buffer grows or a value is split.
/// </summary>
internal static class BufferSizes
{
    private static readonly bool Tiny = AppContext.TryGetSwitch("ChunkStream.TinyBuffers", out var tiny) && tiny;

    /// <summary>
    /// A block of the response's pipe. It fits, with the chunk's length before it, into one of Kestrel's pooled blocks
    /// (4 KiB). Larger memory is rented in powers of two: each stalled reader would hold twice as much, and an event
    /// that goes to thousands of readers would allocate it for each.
    /// </summary>
    public static readonly int Block = Tiny ? 16 : (4 * 1024) - 64;
}
