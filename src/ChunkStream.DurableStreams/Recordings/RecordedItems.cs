using System.Text.Json;
using ChunkStream.Formats;
using ChunkStream.Generators;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// Takes what a recording has apart into the items that were recorded, and writes them as the generator's own would be.
/// </summary>
internal sealed class RecordedItems : IDisposable
{
    // The depth up to which Utf8JsonWriter has written the items.
    private static readonly JsonReaderOptions Options = new() { MaxDepth = 1000 };

    private readonly bool _isText;
    private readonly RecordEncoding _encoding;
    private readonly ItemFields? _fields;
    private Utf8JsonWriter? _json;
    private ReadOnlyMemory<byte> _rest;
    private ReadOnlyMemory<byte> _item;

    /// <param name="generator">What was recorded.</param>
    /// <param name="position">The position of the first byte or message that will be given.</param>
    /// <param name="encoding">How to write an item.</param>
    public RecordedItems(RecordableGenerator generator, long position, RecordEncoding encoding)
    {
        (_isText, _encoding, Position) = (generator.IsText, encoding, position);
        if (!_isText && encoding is (RecordEncoding.Csv or RecordEncoding.SpreadsheetCsv))
        {
            var shape = generator.Shape;
            _fields = new ItemFields(shape.Names, shape.IsObject, encoding is RecordEncoding.SpreadsheetCsv);
        }
    }

    /// <summary>The position after the last item that was read.</summary>
    public long Position { get; private set; }

    /// <summary>Adds the data that follow.</summary>
    public void Take(ReadOnlyMemory<byte> data) => _rest = _rest.IsEmpty ? data : (byte[])[.. _rest.Span, .. data.Span];

    /// <summary>Steps to the next item, if all of it is there.</summary>
    public bool TryRead() => _isText ? TryReadLine() : TryReadMessage();

    /// <summary>Writes the item.</summary>
    public void Write(ByteWriter output)
    {
        if (!_isText && _fields is null)
        {
            output.Write(_item.Span);
        }
        else if (_fields is not null)
        {
            var json = _fields.Json;
            _item.Span.CopyTo(json.GetSpan(_item.Length));
            json.Advance(_item.Length);
            _fields.WriteTo(output);
        }
        else if (_encoding is RecordEncoding.Json)
        {
            WriteString(output);
        }
        else if (_encoding is RecordEncoding.Csv or RecordEncoding.SpreadsheetCsv)
        {
            CsvText.WriteField(output, _item.Span, _encoding is RecordEncoding.SpreadsheetCsv);
        }
        else
        {
            output.Write(_item.Span);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _json?.Dispose();

    private bool TryReadLine()
    {
        var end = _rest.Span.IndexOf((byte)'\n');
        if (end < 0)
            return false;
        (_item, _rest) = (_rest[..end], _rest[(end + 1)..]);
        Position += end + 1;
        return true;
    }

    private bool TryReadMessage()
    {
        if (_rest.IsEmpty)
            return false;
        var reader = new Utf8JsonReader(_rest.Span, Options);
        reader.Read();
        reader.Skip();
        var end = (int)reader.BytesConsumed;

        // A comma stands between two messages.
        (_item, _rest) = (_rest[..end], _rest[Math.Min(end + 1, _rest.Length)..]);
        Position++;
        return true;
    }

    private void WriteString(ByteWriter output)
    {
        if (_json is null)
            _json = new Utf8JsonWriter(output, ItemShape.JsonOptions);
        else
            _json.Reset(output);
        _json.WriteStringValue(_item.Span);
        _json.Flush();
    }
}
