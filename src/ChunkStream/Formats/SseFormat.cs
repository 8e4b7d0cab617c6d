using System.Globalization;
using ChunkStream.Problems;

namespace ChunkStream.Formats;

/// <summary>The format <c>sse</c>: server-sent events, for a browser's EventSource.</summary>
public sealed class SseFormat : StreamFormat
{
    /// <summary>
    /// The id of the last event of a complete stream. An EventSource connects again after every end of a response, and
    /// sends the last id that it got. If that is this one, the answer is 204, which tells it to stop. A response that
    /// ends with a continuation has the resume token for an id instead.
    /// </summary>
    public const string EndId = "end";

    /// <inheritdoc />
    public override string Name => "sse";

    /// <inheritdoc />
    public override string ContentType => "text/event-stream; charset=utf-8";

    /// <inheritdoc />
    public override RecordEncoding Encoding => RecordEncoding.Json;

    /// <inheritdoc />
    public override bool HasHeartbeat => true;

    /// <inheritdoc />
    public override CheckpointPlace Checkpoints => CheckpointPlace.InEachRecord;

    /// <inheritdoc />
    public override void WriteStart(ByteWriter output, StreamSchema schema)
    {
        // "retry" is the pause before EventSource connects again, in milliseconds. By default browsers wait for 3 s and
        // more, which is long for a stream that continues. With a much shorter pause, the clients of a stopping server
        // would all connect to the next one at the same moment.
        output.Write("retry: 1000\nevent: schema\ndata: "u8);
        FrameJson.Write(output, schema);
        output.Write("\n\n"u8);
    }

    /// <inheritdoc />
    public override void WriteRecordStart(ByteWriter output, long index) => output.Write("data: "u8);

    /// <inheritdoc />
    internal override void WriteRecordStart(ByteWriter output, long index, RecordKind kind)
        => output.Write(kind switch
        {
            RecordKind.Upsert => "event: upsert\ndata: "u8,
            RecordKind.Delete => "event: delete\ndata: "u8,
            RecordKind.UpToDate => "event: up-to-date\ndata: "u8,
            RecordKind.MustRefetch => "event: must-refetch\ndata: "u8,
            _ => "data: "u8,
        });

    /// <inheritdoc />
    public override void WriteRecordEnd(ByteWriter output) => output.Write("\n\n"u8);

    /// <inheritdoc />
    /// <remarks>A half-written event can't be taken back, so it gets a name that no client listens to.</remarks>
    public override void WriteRecordCut(ByteWriter output) => output.Write("\nevent: cut\n\n"u8);

    /// <inheritdoc />
    public override void WriteHeartbeat(ByteWriter output, DateTimeOffset now) => output.Write(": heartbeat\n\n"u8);

    /// <inheritdoc />
    public override void WriteCheckpoint(ByteWriter output, ReadOnlySpan<byte> token)
    {
        output.Write("\nid: "u8);
        output.Write(token);
    }

    /// <summary>Writes the fields that the source gave for a record's event, after the record's data.</summary>
    internal static void WriteFields(ByteWriter output, in EventFields fields)
    {
        if (fields.Type is { } type)
        {
            output.Write("\nevent: "u8);
            output.Write(type);
        }

        if (fields.Id is { } id)
        {
            output.Write("\nid: "u8);
            output.Write(id);
        }

        if (fields.Retry is { } retry)
        {
            output.Write("\nretry: "u8);
            output.Write(((long)retry.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <inheritdoc />
    public override void WriteError(ByteWriter output, Problem problem)
    {
        output.Write("event: error\ndata: "u8);
        FrameJson.Write(output, problem);
        output.Write("\n\n"u8);
    }

    /// <inheritdoc />
    public override void WriteEnd(ByteWriter output, StreamEnd summary)
    {
        output.Write("event: end\nid: "u8);
        output.Write(summary.Continue ?? EndId);
        output.Write("\ndata: "u8);
        FrameJson.Write(output, summary);
        output.Write("\n\n"u8);
    }
}
