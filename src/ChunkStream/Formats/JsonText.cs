using System.Buffers;

namespace ChunkStream.Formats;

/// <summary>Writes JSON strings, from UTF-8 that is already valid.</summary>
internal static class JsonText
{
    private static readonly SearchValues<byte> MustBeEscaped = SearchValues.Create(
        "\0\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u0009\u000a\u000b\u000c\u000d\u000e\u000f"u8
            + "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\"\\"u8);

    /// <summary>Writes a JSON string. It escapes only what JSON demands, in the same spelling as Postgres.</summary>
    public static void WriteString(ByteWriter output, ReadOnlySpan<byte> utf8)
    {
        output.Write((byte)'"');
        for (var at = utf8.IndexOfAny(MustBeEscaped); at >= 0; at = utf8.IndexOfAny(MustBeEscaped))
        {
            output.Write(utf8[..at]);
            WriteEscaped(output, utf8[at]);
            utf8 = utf8[(at + 1)..];
        }

        output.Write(utf8);
        output.Write((byte)'"');
    }

    private static void WriteEscaped(ByteWriter output, byte value)
    {
        var letter = value switch
        {
            (byte)'"' => (byte)'"',
            (byte)'\\' => (byte)'\\',
            (byte)'\b' => (byte)'b',
            (byte)'\f' => (byte)'f',
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            _ => (byte)'u',
        };
        output.Write((byte)'\\');
        output.Write(letter);
        if (letter != 'u')
            return;

        output.Write("00"u8);
        output.Write("0123456789abcdef"u8[value >> 4]);
        output.Write("0123456789abcdef"u8[value & 0xF]);
    }
}
