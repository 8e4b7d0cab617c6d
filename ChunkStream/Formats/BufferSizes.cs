namespace ChunkStream.Formats;

/// <summary>
/// The sizes of the engine's own buffers, in bytes. The runtime switch <c>ChunkStream.TinyBuffers</c> makes them tiny, so
/// that the tests run every path on which a buffer grows or a value is split.
/// </summary>
internal static class BufferSizes
{
    private static readonly bool Tiny = AppContext.TryGetSwitch("ChunkStream.TinyBuffers", out var tiny) && tiny;

    /// <summary>A block of the response's pipe: large enough that few values lie across two.</summary>
    public static readonly int Block = Tiny ? 16 : 16 * 1024;
}
