namespace ChunkStream.Formats;

/// <summary>The format <c>text</c>: each line is a record.</summary>
/// <param name="endsLines">
/// Whether each record is followed by a line feed. Without it, records can't be told apart.
/// </param>
public sealed class TextFormat(bool endsLines = true) : StreamFormat
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
    public override void WriteRecordEnd(ByteWriter output)
    {
        if (endsLines)
            output.Write((byte)'\n');
    }
}
