using ChunkStream.Problems;

namespace ChunkStream.Formats;

/// <summary>The format <c>frames</c>: each line is a JSON object whose only key says what the line is.</summary>
public sealed class FramesFormat : StreamFormat
{
    /// <inheritdoc />
    public override string Name => "frames";

    /// <inheritdoc />
    public override string ContentType => "application/vnd.chunkstream+ndjson; charset=utf-8";

    /// <inheritdoc />
    public override string FileExtension => "ndjson";

    /// <inheritdoc />
    public override RecordEncoding Encoding => RecordEncoding.Json;

    /// <inheritdoc />
    public override bool HasHeartbeat => true;

    /// <inheritdoc />
    public override CheckpointPlace Checkpoints => CheckpointPlace.BeforeEachFlush;

    /// <inheritdoc />
    public override void WriteStart(ByteWriter output, StreamSchema schema)
    {
        output.Write("{\"schema\":"u8);
        FrameJson.Write(output, schema);
        output.Write("}\n"u8);
    }

    /// <inheritdoc />
    public override void WriteRecordStart(ByteWriter output, long index) => output.Write("{\"row\":"u8);

    /// <inheritdoc />
    internal override void WriteRecordStart(ByteWriter output, long index, RecordKind kind)
        => output.Write(kind switch
        {
            RecordKind.Upsert => "{\"upsert\":"u8,
            RecordKind.Delete => "{\"delete\":"u8,
            RecordKind.UpToDate => "{\"up-to-date\":"u8,
            RecordKind.MustRefetch => "{\"must-refetch\":"u8,
            _ => "{\"row\":"u8,
        });

    /// <inheritdoc />
    public override void WriteRecordEnd(ByteWriter output) => output.Write("}\n"u8);

    /// <inheritdoc />
    public override void WriteHeartbeat(ByteWriter output, DateTimeOffset now)
    {
        output.Write("{\"heartbeat\":"u8);
        FrameJson.Write(output, now);
        output.Write("}\n"u8);
    }

    /// <inheritdoc />
    public override void WriteCheckpoint(ByteWriter output, ReadOnlySpan<byte> token)
    {
        output.Write("{\"checkpoint\":\""u8);
        output.Write(token);
        output.Write("\"}\n"u8);
    }

    /// <inheritdoc />
    public override void WriteError(ByteWriter output, Problem problem)
    {
        output.Write("{\"error\":"u8);
        FrameJson.Write(output, problem);
        output.Write("}\n"u8);
    }

    /// <inheritdoc />
    public override void WriteEnd(ByteWriter output, StreamEnd summary)
    {
        output.Write("{\"end\":"u8);
        FrameJson.Write(output, summary);
        output.Write("}\n"u8);
    }
}
