using ChunkStream.Formats;

namespace ChunkStream.Streaming;

/// <summary>A source whose records are not all rows.</summary>
internal interface IKindSource
{
    /// <summary>What the record is to which the source stepped.</summary>
    RecordKind Kind { get; }

    /// <summary>Whether another request, with the last checkpoint, goes on when the source has ended.</summary>
    bool GoesOn { get; }
}
