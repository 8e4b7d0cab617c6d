namespace ChunkStream.Formats;

/// <summary><c>text</c>: a line a record.</summary>
public sealed class TextFormat : StreamFormat
{
    /// <inheritdoc />
    public override string Name => "text";

    /// <inheritdoc />
    public override string ContentType => "text/plain; charset=utf-8";

    /// <inheritdoc />
    public override RecordEncoding Encoding => RecordEncoding.Text;

    /// <inheritdoc />
    public override bool IsWorthCompressing => false;

    /// <inheritdoc />
    public override void WriteRecordEnd(ByteWriter output) => output.Write((byte)'\n');
}
