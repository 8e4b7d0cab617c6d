using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Streaming;

namespace ChunkStream.Generators;

/// <summary>Writes one item of a generator in a record encoding. Reuses its buffers: one for each stream.</summary>
internal sealed class ItemEncoder<T>(JsonTypeInfo<T> typeInfo, RecordEncoding encoding) : IDisposable
{
    // Relaxed: the body is JSON on the wire, never a script block inside a page, so non-ASCII may stay as it is.
    // The serializer writes only what is valid, so that checking it again is wasted time.
    private static readonly JsonWriterOptions JsonOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    private Utf8JsonWriter? _json;

    /// <summary>Writes the item.</summary>
    public void Write(ByteWriter output, T item)
    {
        if (encoding is RecordEncoding.Text && item is string text)
        {
            output.Write(text);
            return;
        }

        if (_json is null)
            _json = new Utf8JsonWriter(output, JsonOptions);
        else
            _json.Reset(output);
        JsonSerializer.Serialize(_json, item, typeInfo);
        _json.Flush();
    }

    /// <inheritdoc />
    public void Dispose() => _json?.Dispose();
}
