namespace ChunkStream.Formats;

/// <summary>The format <c>ndjson</c>: each line is a JSON value.</summary>
public sealed class NdjsonFormat : StreamFormat
{
    /// <inheritdoc />
    public override string Name => "ndjson";

    /// <inheritdoc />
    public override string ContentType => "application/x-ndjson; charset=utf-8";

    /// <inheritdoc />
    public override IReadOnlyList<string> OtherMediaTypes { get; } =
    [
        "application/ndjson", "application/jsonl", "application/x-jsonl", "application/jsonlines",
        "application/x-jsonlines", "application/json-lines", "application/x-json-lines", "application/ldjson",
        "application/x-ldjson",
    ];

    /// <inheritdoc />
    public override string FileExtension => "ndjson";

    /// <inheritdoc />
    public override RecordEncoding Encoding => RecordEncoding.Json;

    /// <inheritdoc />
    public override bool HasHeartbeat => true;

    /// <inheritdoc />
    public override void WriteRecordEnd(ByteWriter output) => output.Write((byte)'\n');

    /// <inheritdoc />
    public override void WriteHeartbeat(ByteWriter output, DateTimeOffset now) => output.Write((byte)' ');
}
