namespace ChunkStream.Formats;

/// <summary>
/// Server-sent events of a protocol that is not ours, such as Durable Streams or Electric's. The source writes whole
/// events as each record. They tell readers where they are, so the response may end, or break, after any of them.
/// </summary>
internal sealed class EventsFormat : StreamFormat
{
    /// <summary>The one instance: it has no state.</summary>
    public static EventsFormat Instance { get; } = new();

    /// <inheritdoc />
    public override string Name => "live";

    /// <summary>It has no charset, because the conformance suite of Durable Streams accepts only this text.</summary>
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
