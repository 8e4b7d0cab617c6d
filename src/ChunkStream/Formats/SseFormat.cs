using System.Globalization;
using ChunkStream.Problems;

namespace ChunkStream.Formats;

/// <summary><c>sse</c>: server-sent events, for a browser's EventSource.</summary>
public sealed class SseFormat : StreamFormat
{
    /// <summary>
    /// The id of the end event. EventSource connects again after every end, also a good one, and then sends the last id:
    /// with this one it is answered 204, which tells it to stop. An end that is none yet has a checkpoint for an id.
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
        // The pause before EventSource connects again, in milliseconds. Without it browsers wait for 3 s and more, at each part of a
        // stream; much less, and those that a stopping server has sent away would storm the next one.
        output.Write("retry: 1000\nevent: schema\ndata: "u8);
        FrameJson.Write(output, schema);
        output.Write("\n\n"u8);
    }

    /// <inheritdoc />
    public override void WriteRecordStart(ByteWriter output, long index) => output.Write("data: "u8);

    /// <inheritdoc />
    public override void WriteRecordEnd(ByteWriter output) => output.Write("\n\n"u8);

    /// <inheritdoc />
    /// <remarks>An event can't be taken back. This one gets a name that nobody listens to.</remarks>
    public override void WriteRecordCut(ByteWriter output) => output.Write("\nevent: cut\n\n"u8);

    /// <inheritdoc />
    public override void WriteHeartbeat(ByteWriter output, DateTimeOffset now) => output.Write(": heartbeat\n\n"u8);

    /// <inheritdoc />
    public override void WriteCheckpoint(ByteWriter output, ReadOnlySpan<byte> token)
    {
        output.Write("\nid: "u8);
        output.Write(token);
    }

    /// <summary>Writes what a record's own source says of its event, after the record.</summary>
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
