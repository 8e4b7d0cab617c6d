using System.Buffers;
using System.Text;
using ChunkStream.Formats;
using ChunkStream.Postgres.Columns;
using ChunkStream.Postgres.Keys;
using Npgsql;

namespace ChunkStream.Postgres.Rows;

/// <summary>
/// Writes the current row of a reader as one JSON object or one line of CSV: bytes from Postgres's buffer to the
/// response's, with no object, string or dictionary in between.
/// </summary>
internal sealed class RowWriter
{
    private readonly ColumnWriter[] _writers;
    private readonly int[] _keyIndex;
    private readonly KeyTracker? _key;
    private readonly int _columns;
    private readonly IReadOnlyList<KeyColumnLayout> _keyColumns;
    private readonly bool _csv;
    private readonly byte[][] _beforeValue;
    private readonly byte[] _beforeRow;
    private readonly byte[] _afterRow;
    private readonly byte[] _null;

    /// <param name="layout">The columns.</param>
    /// <param name="encoding">JSON, or CSV.</param>
    /// <param name="key">Told the key of each row; null where there is none.</param>
    public RowWriter(RowLayout layout, RecordEncoding encoding, KeyTracker? key)
    {
        _writers = [.. layout.Columns.Select(column =>
            encoding is RecordEncoding.SpreadsheetCsv ? column.Writer.ForSpreadsheets : column.Writer)];
        Schema = layout.Schema;
        _keyColumns = layout.Key;
        _key = key;
        _keyIndex = KeyIndex(layout);
        _columns = _keyIndex.Length + (layout.TellsSameKeys ? 1 : 0);
        _csv = encoding is RecordEncoding.Csv or RecordEncoding.SpreadsheetCsv;
        (_beforeRow, _afterRow, _null) = _csv ? ([], [], []) : ("{"u8.ToArray(), "}"u8.ToArray(), "null"u8.ToArray());
        _beforeValue = [.. layout.Schema.Columns.Select((column, index) =>
            BeforeValue(column.Name, separator: index == 0 ? "" : ","))];
    }

    /// <summary>The columns.</summary>
    public StreamSchema Schema { get; }

    /// <summary>Bytes of all values so far, as Postgres sent them.</summary>
    public long ValueBytes { get; private set; }

    /// <summary>
    /// Whether a row was so large that the driver took a buffer for it which is worth giving back (<see
    /// cref="LargeBuffers"/>).
    /// </summary>
    public bool HadLargeRow { get; private set; }

    /// <summary>The name of a column that Postgres sends, also of one that is sent for the key only.</summary>
    public string NameOf(int column)
        => column < Schema.Columns.Count
            ? Schema.Columns[column].Name
            : _keyColumns.First(key => key.Ordinal == column).Name;

    /// <summary>Writes the row on which the reader stands.</summary>
    public void Write(NpgsqlDataReader reader, ByteWriter output)
    {
        var row = new RawRow(reader, _columns);
        var before = ValueBytes;
        output.Write(_beforeRow);
        for (var column = 0; column < _writers.Length; column++)
        {
            output.Write(_beforeValue[column]);
            if (!row.TryNext(out var value))
            {
                output.Write(_null);
                if (_keyIndex[column] >= 0)
                    _key!.RefuseNull(_keyIndex[column]);
                continue;
            }

            ValueBytes += value.Length;
            if (_keyIndex[column] >= 0)
                _key!.Take(_keyIndex[column], value);
            if (_csv)
                _writers[column].WriteCsv(output, value);
            else
                _writers[column].WriteJson(output, value);
        }

        output.Write(_afterRow);
        if (ValueBytes - before >= LargeBuffers.Bytes)
            HadLargeRow = true;
        if (_key is not null)
            CommitKey(ref row);
    }

    /// <summary>Whether the row on which the reader stands is the one at a position. It is not written.</summary>
    public bool IsAt(KeysetPosition position, NpgsqlDataReader reader)
    {
        var row = new RawRow(reader, _columns);
        foreach (var index in _keyIndex)
        {
            var isNull = !row.TryNext(out var value);
            if (index >= 0 && isNull)
                return false;
            if (index >= 0)
                _key!.Take(index, value);
        }

        return _key!.IsAt(position);
    }

    private void CommitKey(ref RawRow row)
    {
        // Columns that only the key needs come after those that are shown.
        for (var column = _writers.Length; column < _keyIndex.Length; column++)
        {
            if (!row.TryNext(out var value))
                _key!.RefuseNull(_keyIndex[column]);
            _key!.Take(_keyIndex[column], value);
        }

        // This column is null in the first row, which has no row before it.
        var isSame = _columns > _keyIndex.Length && row.TryNext(out var same) && same[0] != 0;
        _key!.Commit(isSame);
    }

    /// <summary>
    /// The place in the key of each column that Postgres sends, or -1. The column at the end that says whether the key
    /// is the same as before is not among them.
    /// </summary>
    private static int[] KeyIndex(RowLayout layout)
    {
        var hidden = layout.Key.Count(column => column.Ordinal >= layout.Columns.Count);
        var places = new int[layout.Columns.Count + hidden];
        Array.Fill(places, -1);
        foreach (var (index, column) in layout.Key.Index())
            places[column.Ordinal] = index;
        return places;
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
