using System.Text.Json.Serialization;
using ChunkStream.App;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Benchmarks.Served;

/// <summary>
/// Generators that are as fast as possible: the benchmark measures how items are sent, not how they are made.
/// </summary>
internal static class ServedGenerators
{
    private const int MostItems = 10_000_000;

    /// <summary>Adds <c>/lines</c> and <c>/messages</c>, with the parameter <c>count</c>.</summary>
    public static void Add(ChunkStreamBuilder builder)
    {
        GeneratorParameter[] parameters = [GeneratorParameter.Number("count", 10, least: 1, MostItems)];
        builder
            .AddGenerator(new GeneratorEndpoint<string>(
                "lines", "Lines of text", (given, _) => Lines(given.Number("count")), ItemJson.Default.String)
            {
                Access = EndpointAccess.Anonymous,
                Parameters = parameters,
            })
            .AddGenerator(new GeneratorEndpoint<Item>(
                "messages", "Messages as JSON", (given, _) => Messages(given.Number("count")), ItemJson.Default.Item)
            {
                Access = EndpointAccess.Anonymous,
                Parameters = parameters,
            });
    }

    /// <summary><c>Chunk 0</c>, <c>Chunk 1</c> …</summary>
    public static async IAsyncEnumerable<string> Lines(int count)
    {
        for (var number = 0; number < count; number++)
            yield return $"Chunk {number}";
        await Task.CompletedTask;
    }

    /// <summary><c>{"chunk_number":0,"message":"Chunk 0 data"}</c> …</summary>
    public static async IAsyncEnumerable<Item> Messages(int count)
    {
        for (var number = 0; number < count; number++)
            yield return new Item(number, $"Chunk {number} data");
        await Task.CompletedTask;
    }
}

/// <summary>An item of <c>/messages</c>.</summary>
internal sealed record Item(
    [property: JsonPropertyName("chunk_number")] int ChunkNumber,
    [property: JsonPropertyName("message")] string Message);

/// <summary>The JSON of the generators' items, without reflection.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(Item))]
internal sealed partial class ItemJson : JsonSerializerContext;
