namespace ChunkStream.Formats;

/// <summary>
/// The sizes of the engine's own buffers, in bytes. The runtime switch <c>ChunkStream.TinyBuffers</c> makes them tiny, so
/// that the tests run every path on which a buffer grows or a value is split.
/// </summary>
internal static class BufferSizes
{
    private static readonly bool Tiny = AppContext.TryGetSwitch("ChunkStream.TinyBuffers", out var tiny) && tiny;

    /// <summary>
    /// A block of the response's pipe: what fits into one of Kestrel's own pooled blocks (4 KiB), beside the length that stands
    /// before a chunk. Anything larger is rented elsewhere in powers of two: a reader that stalls holds twice of it, and an event
    /// that goes to thousands at once has it allocated for each.
    /// </summary>
    public static readonly int Block = Tiny ? 16 : (4 * 1024) - 64;
}
