namespace ChunkStream.Durable;

/// <summary>Settings of durable streams: configuration section <c>ChunkStream:Streams</c>. Times are in seconds.</summary>
public sealed partial class DurableOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream:Streams";
}
