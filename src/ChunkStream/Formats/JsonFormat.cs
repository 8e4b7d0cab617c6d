namespace ChunkStream.Formats;

/// <summary>The format <c>json</c>: one array, with a line for each record.</summary>
public sealed class JsonFormat : StreamFormat
{
    /// <inheritdoc />
    public override string Name => "json";

    /// <inheritdoc />
    public override string ContentType => "application/json";

    /// <inheritdoc />
    public override string FileExtension => "json";

    /// <inheritdoc />
    public override RecordEncoding Encoding => RecordEncoding.Json;

    /// <inheritdoc />
    public override bool HasHeartbeat => true;

    /// <inheritdoc />
    public override void WriteStart(ByteWriter output, StreamSchema schema) => output.Write((byte)'[');

    /// <inheritdoc />
    public override void WriteRecordStart(ByteWriter output, long index) => output.Write(index == 0 ? "\n"u8 : ",\n"u8);

    /// <inheritdoc />
    public override void WriteHeartbeat(ByteWriter output, DateTimeOffset now) => output.Write((byte)' ');

    /// <inheritdoc />
    public override void WriteEnd(ByteWriter output, StreamEnd summary) => output.Write("\n]\n"u8);
}
