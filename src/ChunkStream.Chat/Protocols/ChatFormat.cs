using ChunkStream.Formats;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Chat.Protocols;

/// <summary>
/// Server-sent events that have data and nothing else, as clients of chats read them. How an answer ended is in its
/// records. So a response that fails says nothing: it breaks, and the client knows that it can go on with another one.
/// </summary>
internal sealed class ChatFormat : StreamFormat
{
    private readonly bool _saysDone;

    private ChatFormat(bool saysDone) => _saysDone = saysDone;

    /// <summary>AI SDK's UI message stream.</summary>
    public static ChatFormat UiMessages { get; } = new(saysDone: true);

    /// <summary>AG-UI's events. An event that is not JSON would be an error there.</summary>
    public static ChatFormat AgUi { get; } = new(saysDone: false);

    /// <inheritdoc />
    public override string Name => "sse";

    /// <inheritdoc />
    public override string ContentType => "text/event-stream";

    /// <inheritdoc />
    public override RecordEncoding Encoding => RecordEncoding.Json;

    /// <inheritdoc />
    public override bool HasHeartbeat => true;

    /// <inheritdoc />
    public override bool IsWorthCompressing => false;

    /// <summary>Sets the headers by which a client knows the protocol.</summary>
    public void SetHeaders(HttpResponse response)
    {
        Http.StreamResult.SetHeaders(response);
        if (_saysDone)
            response.Headers["x-vercel-ai-ui-message-stream"] = "v1";
    }

    /// <inheritdoc />
    public override void WriteRecordStart(ByteWriter output, long index) => output.Write("data: "u8);

    /// <inheritdoc />
    public override void WriteRecordEnd(ByteWriter output) => output.Write("\n\n"u8);

    /// <inheritdoc />
    public override void WriteHeartbeat(ByteWriter output, DateTimeOffset now) => output.Write(": heartbeat\n\n"u8);

    /// <inheritdoc />
    public override void WriteEnd(ByteWriter output, StreamEnd summary)
    {
        if (_saysDone)
            output.Write("data: [DONE]\n\n"u8);
    }
}
