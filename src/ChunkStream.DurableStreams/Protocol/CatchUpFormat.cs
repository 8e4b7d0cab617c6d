using ChunkStream.Formats;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>The data of a stream as it is; in JSON mode as one array. The source puts the commas.</summary>
/// <param name="contentType">The stream's content type.</param>
/// <param name="isJson">Whether it is in JSON mode.</param>
/// <param name="bytes">How many bytes there will be, or null where nobody knows yet.</param>
internal sealed class CatchUpFormat(string contentType, bool isJson, long? bytes) : StreamFormat
{
    // Below this size, a compressor's framing costs what it saves.
    private const int WorthCompressing = 1024;

    /// <inheritdoc />
    public override string Name => isJson ? "messages" : "bytes";

    /// <inheritdoc />
    public override string ContentType => ContentTypes.Header(contentType);

    /// <inheritdoc />
    public override RecordEncoding Encoding => isJson ? RecordEncoding.Json : RecordEncoding.Text;

    /// <summary>False for content that may be compressed already, as most binary content is.</summary>
    public override bool IsWorthCompressing
        => (isJson || ContentTypes.IsText(contentType)) && bytes is null or >= WorthCompressing;

    /// <inheritdoc />
    public override void WriteStart(ByteWriter output, StreamSchema schema)
    {
        if (isJson)
            output.Write((byte)'[');
    }

    /// <inheritdoc />
    public override void WriteEnd(ByteWriter output, StreamEnd summary)
    {
        if (isJson)
            output.Write((byte)']');
    }
}
