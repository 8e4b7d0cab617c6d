namespace ChunkStream.Formats;

/// <summary>The format <c>csv</c>: RFC 4180, with a header line.</summary>
/// <param name="hasByteOrderMark">Whether the body begins with U+FEFF, by which spreadsheets recognize UTF-8.</param>
/// <param name="escapesFormulas">
/// Whether a text that a spreadsheet would take for a formula gets an apostrophe before it.
/// </param>
public sealed class CsvFormat(bool hasByteOrderMark = false, bool escapesFormulas = false) : StreamFormat
{
    /// <inheritdoc />
    public override string Name => "csv";

    /// <inheritdoc />
    public override string ContentType => "text/csv; charset=utf-8; header=present";

    /// <inheritdoc />
    public override IReadOnlyList<string> OtherMediaTypes { get; } = ["application/csv"];

    /// <inheritdoc />
    public override string FileExtension => "csv";

    /// <inheritdoc />
    public override RecordEncoding Encoding => escapesFormulas ? RecordEncoding.SpreadsheetCsv : RecordEncoding.Csv;

    /// <inheritdoc />
    public override void WriteStart(ByteWriter output, StreamSchema schema)
    {
        if (hasByteOrderMark)
            output.Write("\uFEFF"u8);
        foreach (var (index, column) in schema.Columns.Index())
        {
            if (index > 0)
                output.Write((byte)',');
            CsvText.WriteField(output, System.Text.Encoding.UTF8.GetBytes(column.Name), escapesFormulas);
        }

        output.Write("\r\n"u8);
    }

    /// <inheritdoc />
    public override void WriteRecordEnd(ByteWriter output) => output.Write("\r\n"u8);
}
