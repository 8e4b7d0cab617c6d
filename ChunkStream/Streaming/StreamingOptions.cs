using System.ComponentModel.DataAnnotations;

namespace ChunkStream.Streaming;

/// <summary>The knobs of the pump: configuration section <c>ChunkStream:Streaming</c>.</summary>
public sealed class StreamingOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream:Streaming";

    /// <summary>
    /// While the source is faster than we write, chunks are gathered up to this many bytes before a flush. 1 byte to
    /// 1 MiB, default 32 KiB: past that, larger writes to the socket gain nothing measurable, and each stream may hold
    /// this much.
    /// </summary>
    [Range(1, 1024 * 1024)]
    public int FlushBytes { get; set; } = 32 * 1024;
}
