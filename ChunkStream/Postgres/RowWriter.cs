using System.Text;
using ChunkStream.Formats;
using ChunkStream.Streaming;
using Npgsql;

namespace ChunkStream.Postgres;

/// <summary>
/// Writes the current row of a reader as one JSON object: bytes from Postgres's buffer to the response's, with no
/// object, string or dictionary in between.
/// </summary>
internal sealed class RowWriter
{
#if DEBUG
    // Tiny in DEBUG, so that every test runs the path on which it grows.
    private const int InitialValueBytes = 4;
#else
    private const int InitialValueBytes = 1024;
#endif

    private readonly RowLayout _layout;
    private readonly byte[][] _beforeValue;
    private byte[] _value = new byte[InitialValueBytes];

    public RowWriter(RowLayout layout)
    {
        _layout = layout;
        _beforeValue = [.. layout.Names.Select((name, index) => BeforeValue(name, first: index == 0))];
    }

    /// <summary>Bytes of all values so far, as Postgres sent them.</summary>
    public long ValueBytes { get; private set; }

    public void Write(NpgsqlDataReader reader, ByteWriter output)
    {
        if (_beforeValue.Length == 0)
            output.Write((byte)'{');
        for (var column = 0; column < _beforeValue.Length; column++)
        {
            output.Write(_beforeValue[column]);
            if (reader.IsDBNull(column))
            {
                output.Write("null"u8);
                continue;
            }

            var value = Value(reader, column);
            ValueBytes += value.Length;
            _layout.Writers[column].Write(output, value);
        }

        output.Write((byte)'}');
    }

    /// <summary>A value's bytes; valid until the next call.</summary>
    private ReadOnlySpan<byte> Value(NpgsqlDataReader reader, int column)
    {
        var length = (int)reader.GetBytes(column, 0, _value, 0, _value.Length);
        if (length == _value.Length)
            length = ReadLong(reader, column);
        return _value.AsSpan(0, length);
    }

    // It filled the buffer, so there may be more of it.
    private int ReadLong(NpgsqlDataReader reader, int column)
    {
        var length = (int)reader.GetBytes(column, 0, null, 0, 0);
        if (length > _value.Length)
            _value = new byte[Math.Max(length, _value.Length * 2)];
        return (int)reader.GetBytes(column, 0, _value, 0, length);
    }

    private static byte[] BeforeValue(string name, bool first)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        var output = new ByteWriter(buffer);
        output.Write(first ? (byte)'{' : (byte)',');
        JsonText.WriteString(output, Encoding.UTF8.GetBytes(name));
        output.Write((byte)':');
        output.Commit();
        return buffer.WrittenSpan.ToArray();
    }
}
