using System.Buffers;
using ChunkStream.Formats;
using ChunkStream.Streaming;

namespace ChunkStream.Postgres.Columns;

/// <summary>Types whose binary format is their text, in UTF-8: a JSON string, escaped as Postgres escapes it.</summary>
internal sealed class TextWriter : ColumnWriter
{
    public override void Write(ByteWriter output, ReadOnlySpan<byte> value) => JsonText.WriteString(output, value);
}

/// <summary><c>uuid</c>.</summary>
internal sealed class UuidWriter : ColumnWriter
{
    private const int TextBytes = 36;

    public override void Write(ByteWriter output, ReadOnlySpan<byte> value)
    {
        var span = output.GetSpan(TextBytes + 2);
        span[0] = (byte)'"';
        new Guid(value, bigEndian: true).TryFormat(span[1..], out var written);
        span[written + 1] = (byte)'"';
        output.Advance(written + 2);
    }
}

/// <summary><c>json</c>: as it is, but for line breaks between its tokens, which would break a line format.</summary>
internal sealed class JsonWriter : ColumnWriter
{
    private static readonly SearchValues<byte> LineBreaks = SearchValues.Create("\n\r"u8);

    public override void Write(ByteWriter output, ReadOnlySpan<byte> value)
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
}

/// <summary><c>jsonb</c>: its text, which Postgres puts after a version byte.</summary>
internal sealed class JsonbWriter : ColumnWriter
{
    public override void Write(ByteWriter output, ReadOnlySpan<byte> value) => output.Write(value[1..]);
}
