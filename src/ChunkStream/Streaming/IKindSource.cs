using ChunkStream.Formats;

namespace ChunkStream.Streaming;

/// <summary>A source whose records are not all rows.</summary>
internal interface IKindSource
{
    /// <summary>What the record is to which the source stepped.</summary>
    RecordKind Kind { get; }

    /// <summary>
    /// Whether a client that has the record, and is cut before the next position, must not go on from its last one. The
    /// source's checkpoint is another one by now. It has to be told before the record, because a response may be cut
    /// after any record.
    /// </summary>
    bool LosesPlace { get; }

    /// <summary>Whether another request, with the last checkpoint, goes on when the source has ended.</summary>
    bool GoesOn { get; }
}
