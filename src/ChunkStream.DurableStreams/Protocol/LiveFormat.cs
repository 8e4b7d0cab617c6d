using ChunkStream.Formats;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// Server-sent events as the protocol has them. Each record ends with an event that says where its reader is, so the
/// response may end, or break, after any of them.
/// </summary>
internal sealed class LiveFormat : StreamFormat
{
    /// <summary>The one instance: it has no state.</summary>
    public static LiveFormat Instance { get; } = new();

    /// <inheritdoc />
    public override string Name => "live";

    /// <summary>It has no charset, because the protocol's conformance suite accepts only this text.</summary>
    public override string ContentType => "text/event-stream";

    /// <inheritdoc />
    public override RecordEncoding Encoding => RecordEncoding.Text;

    /// <inheritdoc />
    public override bool HasHeartbeat => true;

    /// <summary>
    /// No: events are small and leave one by one, and each compressor holds more than its reader's connection does.
    /// </summary>
    public override bool IsWorthCompressing => false;

    /// <inheritdoc />
    public override CheckpointPlace Checkpoints => CheckpointPlace.BeforeEachFlush;

    /// <inheritdoc />
    public override void WriteHeartbeat(ByteWriter output, DateTimeOffset now) => output.Write(": heartbeat\n\n"u8);
}
