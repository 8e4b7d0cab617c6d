using System.Buffers;
using System.Text;
using ChunkStream.Formats;
using ChunkStream.Postgres.Columns;
using ChunkStream.Postgres.Failures;

namespace ChunkStream.Postgres.Keys;

/// <summary>
/// Remembers the key of the row that was written last, and fails if the next row has the same key. It outlives the
/// cursors of its stream.
/// </summary>
internal sealed class KeyTracker
{
    private static readonly UTF8Encoding Strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly IReadOnlyList<KeyColumnLayout> _columns;
    private readonly KeyEquality?[] _equalities;
    private readonly TextBuffer _checkpoint = new();
    private readonly TextBuffer _position = new();
    private Value[] _last;
    private Value[] _next;
    private bool _hasLast;

    /// <param name="columns">The key's columns, in the key's order.</param>
    public KeyTracker(IReadOnlyList<KeyColumnLayout> columns)
    {
        _columns = columns;
        _equalities = [.. columns.Select(column => column.Type.Equality)];
        (_last, _next) = (Values(columns.Count), Values(columns.Count));
    }

    /// <summary>Whether a row has been written.</summary>
    public bool HasPosition { get; private set; }

    /// <summary>Takes the value of one column of the row that is being read.</summary>
    /// <param name="index">The column's place in the key.</param>
    /// <param name="value">In Postgres's binary format.</param>
    public void Take(int index, ReadOnlySpan<byte> value) => _next[index].Set(value);

    /// <summary>Marks the row whose values were taken as written: it is the last row from now on.</summary>
    /// <param name="isSameForPostgres">
    /// Whether Postgres says that its key is the same as that of the row before it.
    /// </param>
    /// <exception cref="KeyException">Its key is the same as the last row's.</exception>
    public void Commit(bool isSameForPostgres)
    {
        if (isSameForPostgres || (_hasLast && IsSame()))
            throw new KeyException($"Two rows have the same key ({Names()}).");
        HasPosition = true;
        Step();
    }

    /// <summary>
    /// Whether the row whose values were taken is the row at a position: the texts of its key are the same. It then
    /// counts as the last row, although it is not written.
    /// </summary>
    public bool IsAt(KeysetPosition position)
    {
        for (var index = 0; index < _columns.Count; index++)
        {
            if (!Text(_next, index, _position).SequenceEqual(Encoding.UTF8.GetBytes(position.Values[index])))
                return false;
        }

        Step();
        return true;
    }

    /// <summary>Refuses the row that is being written, because a column of its key is null.</summary>
    /// <exception cref="KeyException">Always. A null has no place in an order of values.</exception>
    public void RefuseNull(int index)
    {
        var (name, isProven) = (_columns[index].Name, _columns[index].Type.Text is KeyText.Proven);
        var otherCause = isProven ? ", or its text does not come back as the same value" : "";
        throw new KeyException($"The key's column {name} is null in a row{otherCause}.");
    }

    /// <summary>
    /// The text form of a column's value in the last row, in UTF-8. Valid until the next call. It may be called while
    /// another thread opens a cursor at that row, and so calls <see cref="Texts"/> and <see cref="IsAt"/>.
    /// </summary>
    public ReadOnlySpan<byte> Text(int index) => Text(_last, index, _checkpoint);

    /// <summary>The values of the last row.</summary>
    /// <exception cref="KeyException">
    /// A value is no text: the database's encoding is SQL_ASCII, which takes any bytes.
    /// </exception>
    public string[] Texts()
    {
        try
        {
            return [.. _columns.Select((_, index) => Strict.GetString(Text(_last, index, _position)))];
        }
        catch (DecoderFallbackException)
        {
            throw new KeyException($"The key ({Names()}) has a value that is not UTF-8.");
        }
    }

    private ReadOnlySpan<byte> Text(Value[] row, int index, TextBuffer buffer)
        => _columns[index].Writer is { } writer ? buffer.Format(writer, row[index].Span) : row[index].Span;

    private void Step()
    {
        (_last, _next) = (_next, _last);
        _hasLast = true;
    }

    private bool IsSame()
    {
        for (var index = 0; index < _next.Length; index++)
        {
            var (next, last) = (_next[index], _last[index]);
            if (!next.Span.SequenceEqual(last.Span) && _equalities[index]?.Invoke(next.Span, last.Span) is not true)
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

    private sealed class TextBuffer
    {
        private readonly ArrayBufferWriter<byte> _bytes = new();
        private readonly ByteWriter _output;

        public TextBuffer() => _output = new ByteWriter(_bytes);

        public ReadOnlySpan<byte> Format(ColumnWriter writer, ReadOnlySpan<byte> value)
        {
            _bytes.ResetWrittenCount();
            writer.WriteCsv(_output, value);
            _output.Commit();
            return _bytes.WrittenSpan;
        }
    }
}
