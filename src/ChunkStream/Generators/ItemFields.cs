using System.Buffers;
using System.Text;
using System.Text.Json;
using ChunkStream.Formats;

namespace ChunkStream.Generators;

/// <summary>
/// The fields of a CSV line, taken from an item's JSON, so that all formats spell an item alike, whatever its type and
/// its converters are.
/// </summary>
/// <param name="names">The names of the columns.</param>
/// <param name="isObject">Whether an item is an object with members; else it is one value.</param>
/// <param name="escapesFormulas">Whether the line is for spreadsheets, which must take no text for a formula.</param>
internal sealed class ItemFields(IReadOnlyList<string> names, bool isObject, bool escapesFormulas)
{
    private readonly byte[][] _names = [.. names.Select(Encoding.UTF8.GetBytes)];
    private readonly (int Start, int Length)[] _values = new (int, int)[names.Count];
    private readonly ArrayBufferWriter<byte> _json = new();
    private byte[] _text = [];

    /// <summary>Takes the JSON of the next item.</summary>
    public IBufferWriter<byte> Json
    {
        get
        {
            _json.ResetWrittenCount();
            return _json;
        }
    }

    /// <summary>Writes the fields of the item whose JSON was written last.</summary>
    /// <exception cref="InvalidOperationException">
    /// The item has a member that its type does not declare: CSV would lose it.
    /// </exception>
    public void WriteTo(ByteWriter output)
    {
        var json = _json.WrittenSpan;
        if (isObject)
            FindMembers(json);
        else
            _values[0] = (0, json.Length);

        for (var index = 0; index < _values.Length; index++)
        {
            if (index > 0)
                output.Write((byte)',');
            WriteField(output, json.Slice(_values[index].Start, _values[index].Length));
        }
    }

    private void FindMembers(ReadOnlySpan<byte> json)
    {
        Array.Clear(_values);
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType is JsonTokenType.Null)
            return;

        while (reader.Read() && reader.TokenType is JsonTokenType.PropertyName)
        {
            var index = IndexOf(ref reader);
            reader.Read();
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            _values[index] = (start, (int)reader.BytesConsumed - start);
        }
    }

    private int IndexOf(ref Utf8JsonReader reader)
    {
        for (var index = 0; index < _names.Length; index++)
        {
            if (reader.ValueTextEquals(_names[index]))
                return index;
        }

        throw new InvalidOperationException(
            $"An item has the member '{reader.GetString()}', which its type does not declare. "
            + "CSV has columns for declared members only.");
    }

    private void WriteField(ByteWriter output, ReadOnlySpan<byte> json)
    {
        // A missing member and null are both empty fields.
        if (json.IsEmpty || json.SequenceEqual("null"u8))
            return;

        if (json[0] != (byte)'"')
        {
            CsvText.WriteField(output, json);
            return;
        }

        if (_text.Length < json.Length)
            _text = new byte[json.Length * 2];
        var reader = new Utf8JsonReader(json);
        reader.Read();
        CsvText.WriteField(output, _text.AsSpan(0, reader.CopyString(_text)), escapesFormulas);
    }
}
