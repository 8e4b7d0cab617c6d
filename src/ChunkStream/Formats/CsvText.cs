using System.Buffers;

namespace ChunkStream.Formats;

/// <summary>Writes the fields of a CSV line, from UTF-8 that is already valid.</summary>
internal static class CsvText
{
    private static readonly SearchValues<byte> MustBeQuoted = SearchValues.Create("\",\r\n"u8);

    /// <summary>
    /// Writes a text as a field: unquoted if it reads back as the same text, else in quotes. The empty text is
    /// <c>""</c>, because an empty field means null.
    /// </summary>
    public static void WriteField(ByteWriter output, ReadOnlySpan<byte> utf8)
    {
        // A text with white space at an end is quoted, too: RFC 4180 keeps the white space, but many readers trim it.
        if (!utf8.IsEmpty && !utf8.ContainsAny(MustBeQuoted) && utf8[0] > ' ' && utf8[^1] > ' ')
            output.Write(utf8);
        else
            WriteQuoted(output, utf8);
    }

    /// <summary>Writes a text as a field, for a spreadsheet if <paramref name="escapesFormulas"/> is true.</summary>
    public static void WriteField(ByteWriter output, ReadOnlySpan<byte> utf8, bool escapesFormulas)
    {
        if (escapesFormulas)
            WriteSpreadsheetField(output, utf8);
        else
            WriteField(output, utf8);
    }

    /// <summary>
    /// Writes a text as a field in quotes, with an apostrophe before it if a spreadsheet would take it for a formula.
    /// </summary>
    public static void WriteSpreadsheetField(ByteWriter output, ReadOnlySpan<byte> utf8)
    {
        // Always in quotes: in a spreadsheet that separates fields by semicolons, a semicolon in the text would begin a
        // new cell.
        output.Write((byte)'"');
        if (IsFormula(utf8))
            output.Write((byte)'\'');
        WriteToQuote(output, utf8);
    }

    /// <summary>
    /// Whether a text begins as formulas do: by OWASP's list ("CSV Injection"), with the full-width signs of Japanese
    /// keyboards.
    /// </summary>
    private static bool IsFormula(ReadOnlySpan<byte> utf8)
        => utf8 is [(byte)'=' or (byte)'+' or (byte)'-' or (byte)'@' or (byte)'\t' or (byte)'\r' or (byte)'\n', ..]
            || utf8.StartsWith("＝"u8) || utf8.StartsWith("＋"u8) || utf8.StartsWith("－"u8) || utf8.StartsWith("＠"u8);

    /// <summary>Writes a text as a field in quotes.</summary>
    public static void WriteQuoted(ByteWriter output, ReadOnlySpan<byte> utf8)
    {
        output.Write((byte)'"');
        WriteToQuote(output, utf8);
    }

    private static void WriteToQuote(ByteWriter output, ReadOnlySpan<byte> utf8)
    {
        for (var at = utf8.IndexOf((byte)'"'); at >= 0; at = utf8.IndexOf((byte)'"'))
        {
            output.Write(utf8[..(at + 1)]);
            output.Write((byte)'"');
            utf8 = utf8[(at + 1)..];
        }

        output.Write(utf8);
        output.Write((byte)'"');
    }
}
