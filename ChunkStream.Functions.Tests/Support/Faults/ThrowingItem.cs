using System.Text.Json.Serialization;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>An item of which the serializer writes a part before it throws.</summary>
internal sealed class ThrowingItem(int number)
{
    public int Number => number;

    public string Text => number < 3 ? "fine" : throw new InvalidOperationException("secret: the item broke");

    /// <summary>Three items that can be written, and one that can't.</summary>
    public static StreamSource Open(RecordEncoding encoding, CancellationToken cancellation)
        => new GeneratorSource<ThrowingItem>(
            _ => Items(), ThrowingItemJson.Default.ThrowingItem, encoding, cancellation);

    private static async IAsyncEnumerable<ThrowingItem> Items()
    {
        for (var number = 0; number < 10; number++)
        {
            await Task.Yield();
            yield return new ThrowingItem(number);
        }
    }
}

[JsonSerializable(typeof(ThrowingItem))]
internal sealed partial class ThrowingItemJson : JsonSerializerContext;
