using ChunkStream.Formats;

namespace ChunkStream.Streaming;

/// <summary>A source whose records have more to say where they become server-sent events.</summary>
internal interface IEventSource
{
    /// <summary>What the record that was written last has beside its data.</summary>
    EventFields Fields { get; }
}
