namespace ChunkStream.Formats;

/// <summary><c>csv</c>: RFC 4180, with a header line.</summary>
public sealed class CsvFormat : StreamFormat
{
    /// <inheritdoc />
    public override string Name => "csv";

    /// <inheritdoc />
    public override string ContentType => "text/csv; charset=utf-8; header=present";

    /// <inheritdoc />
    public override RecordEncoding Encoding => RecordEncoding.Csv;

    /// <inheritdoc />
    public override void WriteStart(ByteWriter output, StreamSchema schema)
    {
        foreach (var (index, column) in schema.Columns.Index())
        {
            if (index > 0)
                output.Write((byte)',');
            CsvText.WriteField(output, System.Text.Encoding.UTF8.GetBytes(column.Name));
        }

        output.Write("\r\n"u8);
    }

    /// <inheritdoc />
    public override void WriteRecordEnd(ByteWriter output) => output.Write("\r\n"u8);
}
