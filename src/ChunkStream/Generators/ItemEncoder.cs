using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;

namespace ChunkStream.Generators;

/// <summary>Writes the items of one generator in a record encoding, and reuses its buffers for all of them.</summary>
internal sealed class ItemEncoder<T> : IDisposable
{
    private readonly JsonTypeInfo<T> _typeInfo;
    private readonly bool _textAsItIs;
    private readonly ItemFields? _fields;
    private Utf8JsonWriter? _json;

    /// <param name="typeInfo">How an item becomes JSON.</param>
    /// <param name="encoding">How an item is written.</param>
    public ItemEncoder(JsonTypeInfo<T> typeInfo, RecordEncoding encoding)
    {
        _typeInfo = typeInfo;
        _textAsItIs = encoding is RecordEncoding.Text && typeof(T) == typeof(string);

        var shape = ItemShape.Create(typeInfo);
        Schema = shape.Schema;
        if (encoding is RecordEncoding.Csv or RecordEncoding.SpreadsheetCsv)
            _fields = new ItemFields(shape.Names, shape.IsObject, encoding is RecordEncoding.SpreadsheetCsv);
    }

    /// <summary>The members of the items, as columns.</summary>
    public StreamSchema Schema { get; }

    /// <summary>Writes one item.</summary>
    public void Write(ByteWriter output, T item)
    {
        if (_fields is not null)
        {
            WriteJson(_fields.Json, item);
            _fields.WriteTo(output);
        }
        else if (_textAsItIs && item is string text)
        {
            output.Write(text);
        }
        else
        {
            WriteJson(output, item);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _json?.Dispose();

    private void WriteJson(System.Buffers.IBufferWriter<byte> output, T item)
    {
        if (_json is null)
            _json = new Utf8JsonWriter(output, ItemShape.JsonOptions);
        else
            _json.Reset(output);
        JsonSerializer.Serialize(_json, item, _typeInfo);
        _json.Flush();
    }
}
