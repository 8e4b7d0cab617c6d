using System.Buffers;
using System.Text;
using ChunkStream.Formats;
using ChunkStream.Postgres.Columns;
using Npgsql;

namespace ChunkStream.Postgres;

/// <summary>
/// Writes the current row of a reader as one JSON object or one line of CSV: bytes from Postgres's buffer to the
/// response's, with no object, string or dictionary in between.
/// </summary>
internal sealed class RowWriter
{
    private readonly ColumnWriter[] _writers;
    private readonly int[] _keyIndex;
    private readonly KeyTracker? _key;
    private readonly bool _csv;
    private readonly byte[][] _beforeValue;
    private readonly byte[] _beforeRow;
    private readonly byte[] _afterRow;
    private readonly byte[] _null;
    private byte[] _value = new byte[BufferSizes.Value];

    /// <param name="layout">The columns.</param>
    /// <param name="encoding">JSON, or CSV.</param>
    /// <param name="key">Told the key of each row; null where there is none.</param>
    public RowWriter(RowLayout layout, RecordEncoding encoding, KeyTracker? key)
    {
        _writers = [.. layout.Columns.Select(column => column.Writer)];
        Schema = layout.Schema;
        _key = key;
        _keyIndex = KeyIndex(layout);
        _csv = encoding is RecordEncoding.Csv;
        (_beforeRow, _afterRow, _null) = _csv ? ([], [], []) : ("{"u8.ToArray(), "}"u8.ToArray(), "null"u8.ToArray());
        _beforeValue = [.. layout.Schema.Columns.Select((column, index) => BeforeValue(column.Name, separator: index == 0 ? "" : ","))];
    }

    /// <summary>The columns.</summary>
    public StreamSchema Schema { get; }

    /// <summary>Bytes of all values so far, as Postgres sent them.</summary>
    public long ValueBytes { get; private set; }

    public void Write(NpgsqlDataReader reader, ByteWriter output)
    {
        output.Write(_beforeRow);
        for (var column = 0; column < _beforeValue.Length; column++)
        {
            output.Write(_beforeValue[column]);
            if (reader.IsDBNull(column))
            {
                output.Write(_null);
                if (_keyIndex[column] >= 0)
                    _key!.RefuseNull(_keyIndex[column]);
                continue;
            }

            var value = Value(reader, column);
            ValueBytes += value.Length;
            if (_keyIndex[column] >= 0)
                _key!.Take(_keyIndex[column], value);
            if (_csv)
                _writers[column].WriteCsv(output, value);
            else
                _writers[column].WriteJson(output, value);
        }

        output.Write(_afterRow);
        if (_key is not null)
            CommitKey(reader);
    }

    private void CommitKey(NpgsqlDataReader reader)
    {
        // What only the key needs stands behind what is shown.
        for (var column = _writers.Length; column < _keyIndex.Length; column++)
        {
            if (reader.IsDBNull(column))
                _key!.RefuseNull(_keyIndex[column]);
            _key!.Take(_keyIndex[column], Value(reader, column));
        }

        _key!.Commit();
    }

    /// <summary>For each column that Postgres sends its place in the key, or -1.</summary>
    private static int[] KeyIndex(RowLayout layout)
    {
        var hidden = layout.Key.Count(column => column.Ordinal >= layout.Columns.Count);
        var places = new int[layout.Columns.Count + hidden];
        Array.Fill(places, -1);
        foreach (var (index, column) in layout.Key.Index())
            places[column.Ordinal] = index;
        return places;
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

    private byte[] BeforeValue(string name, string separator)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var output = new ByteWriter(buffer);
        output.Write(separator);
        if (!_csv)
        {
            JsonText.WriteString(output, Encoding.UTF8.GetBytes(name));
            output.Write((byte)':');
        }

        output.Commit();
        return buffer.WrittenSpan.ToArray();
    }
}
