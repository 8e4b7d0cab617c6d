using System.Buffers;
using System.Text;
using ChunkStream.Formats;
using ChunkStream.Postgres.Columns;

namespace ChunkStream.Postgres;

/// <summary>
/// Remembers the key of the row that was written last, and sees to it that the key tells rows apart. It outlives the
/// cursors of its stream.
/// </summary>
internal sealed class KeyTracker
{
    private readonly IReadOnlyList<KeyColumnLayout> _columns;
    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly ByteWriter _output;
    private Value[] _last;
    private Value[] _next;

    /// <param name="columns">The key's columns, in the key's order.</param>
    public KeyTracker(IReadOnlyList<KeyColumnLayout> columns)
    {
        _columns = columns;
        _output = new ByteWriter(_text);
        (_last, _next) = (Values(columns.Count), Values(columns.Count));
    }

    /// <summary>Whether a row has been written.</summary>
    public bool HasPosition { get; private set; }

    /// <summary>Takes the value of one column of the row that is being written.</summary>
    /// <param name="index">The column's place in the key.</param>
    /// <param name="value">In Postgres's binary format.</param>
    public void Take(int index, ReadOnlySpan<byte> value) => _next[index].Set(value);

    /// <summary>The row whose values were taken is written.</summary>
    /// <exception cref="KeyException">Its key is the same as the last row's.</exception>
    public void Commit()
    {
        if (HasPosition && IsSame())
            throw new KeyException($"Two rows have the same key ({Names()}).");
        (_last, _next, HasPosition) = (_next, _last, true);
    }

    /// <summary>A column of the row that is being written is null.</summary>
    /// <exception cref="KeyException">Always: null is in no order with values.</exception>
    public void RefuseNull(int index) => throw new KeyException($"The key's column {_columns[index].Name} is null in a row.");

    /// <summary>The text form of a column's value in the last row, in UTF-8. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Text(int index)
    {
        if (_columns[index].Writer is not { } writer)
            return _last[index].Span;

        _text.ResetWrittenCount();
        writer.WriteCsv(_output, _last[index].Span);
        _output.Commit();
        return _text.WrittenSpan;
    }

    /// <summary>The values of the last row.</summary>
    public string[] Texts() => [.. _columns.Select((_, index) => Encoding.UTF8.GetString(Text(index)))];

    private bool IsSame()
    {
        for (var index = 0; index < _next.Length; index++)
        {
            if (!_next[index].Span.SequenceEqual(_last[index].Span))
                return false;
        }

        return true;
    }

    private string Names() => string.Join(", ", _columns.Select(column => column.Name));

    private static Value[] Values(int count)
    {
        var values = new Value[count];
        for (var index = 0; index < count; index++)
            values[index] = new Value();
        return values;
    }

    private sealed class Value
    {
        private byte[] _bytes = new byte[16];
        private int _length;

        public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, _length);

        public void Set(ReadOnlySpan<byte> value)
        {
            if (value.Length > _bytes.Length)
                _bytes = new byte[value.Length * 2];
            value.CopyTo(_bytes);
            _length = value.Length;
        }
    }
}

/// <summary>Where a key's column is found in a row.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsDescending">Its order.</param>
/// <param name="Sql">What the SELECT calls it.</param>
/// <param name="Ordinal">Its place in the rows that Postgres sends.</param>
/// <param name="Writer">Turns its binary format into its text form; null where Postgres sends the text form.</param>
internal sealed record KeyColumnLayout(string Name, bool IsDescending, string Sql, int Ordinal, ColumnWriter? Writer);

/// <summary>The declared key is none: the query has two rows with the same one, or one without.</summary>
internal sealed class KeyException(string message) : Exception(message);
