using System.Buffers;
using System.Text.Json;
using ChunkStream.Formats;

namespace ChunkStream.Postgres.Columns;

/// <summary>
/// Types whose binary format is their text in UTF-8. In JSON they are strings, escaped as Postgres escapes them.
/// </summary>
internal sealed class TextWriter : ColumnWriter
{
    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value) => JsonText.WriteString(output, value);

    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value) => CsvText.WriteField(output, value);

    public override ColumnWriter ForSpreadsheets => new SpreadsheetTextWriter();
}

/// <summary>As <see cref="TextWriter"/>, in CSV for spreadsheets.</summary>
internal sealed class SpreadsheetTextWriter : ColumnWriter
{
    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value) => JsonText.WriteString(output, value);

    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
        => CsvText.WriteSpreadsheetField(output, value);
}

/// <summary><c>uuid</c>.</summary>
internal sealed class UuidWriter : PlainTextWriter
{
    private const int TextBytes = 36;

    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
    {
        new Guid(value, bigEndian: true).TryFormat(output.GetSpan(TextBytes), out var written);
        output.Advance(written);
    }
}

/// <summary>
/// <c>json</c>, as it is stored; only line breaks between its tokens become spaces, because formats have one row a
/// line.
/// </summary>
internal sealed class JsonWriter : ColumnWriter
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\n\r"u8);

    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value)
    {
        // Inside a JSON string a line break is always escaped, so a raw one is white space.
        for (var at = value.IndexOfAny(LineBreaks); at >= 0; at = value.IndexOfAny(LineBreaks))
        {
            output.Write(value[..at]);
            output.Write((byte)' ');
            value = value[(at + 1)..];
        }

        output.Write(value);
    }

    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value) => CsvText.WriteField(output, value);
}

/// <summary><c>jsonb</c>: its text, before which Postgres sends a version byte.</summary>
internal sealed class JsonbWriter : ColumnWriter
{
    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value) => output.Write(value[1..]);

    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
        => CsvText.WriteField(output, value[1..]);
}

/// <summary><c>jsonb</c> as a string that has its text.</summary>
internal sealed class JsonbTextWriter : ColumnWriter
{
    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value)
        => JsonText.WriteString(output, value[1..]);

    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
        => CsvText.WriteField(output, value[1..]);
}

/// <summary>
/// A column of a type without a fast writer, which Postgres itself has turned into JSON. In CSV, a value that became a
/// string is written as that string, and any other as its JSON.
/// </summary>
/// <param name="escapesFormulas">Whether its CSV is for spreadsheets.</param>
internal sealed class ConvertedWriter(bool escapesFormulas = false) : ColumnWriter
{
    private readonly JsonWriter _json = new();

    public override void WriteJson(ByteWriter output, ReadOnlySpan<byte> value) => _json.WriteJson(output, value);

    public override ColumnWriter ForSpreadsheets => new ConvertedWriter(escapesFormulas: true);

    public override void WriteCsv(ByteWriter output, ReadOnlySpan<byte> value)
    {
        // JSON that is no string can't be a formula: if it begins with a sign, it is a number.
        if (value is not [(byte)'"', ..])
        {
            CsvText.WriteField(output, value);
            return;
        }

        var reader = new Utf8JsonReader(value);
        reader.Read();
        var text = ArrayPool<byte>.Shared.Rent(value.Length);
        CsvText.WriteField(output, text.AsSpan(0, reader.CopyString(text)), escapesFormulas);
        ArrayPool<byte>.Shared.Return(text);
    }
}
