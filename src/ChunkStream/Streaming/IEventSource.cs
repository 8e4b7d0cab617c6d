using ChunkStream.Formats;

namespace ChunkStream.Streaming;

/// <summary>A source whose records have fields of their own when they become server-sent events.</summary>
internal interface IEventSource
{
    /// <summary>The event fields of the last written record.</summary>
    EventFields Fields { get; }
}
