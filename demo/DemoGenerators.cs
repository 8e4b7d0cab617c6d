using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;

namespace ChunkStream.Demo;

/// <summary>
/// The generators behind <c>/stream</c> and <c>/json-stream</c>: the first item comes at once, then one an interval.
/// </summary>
internal static class DemoGenerators
{
    /// <summary><c>Chunk 0</c>, <c>Chunk 1</c> …</summary>
    public static async IAsyncEnumerable<string> Lines(
        int chunks,
        TimeSpan interval,
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        for (var number = 0; number < chunks; number++)
        {
            if (number > 0 && interval > TimeSpan.Zero)
                await Task.Delay(interval, time, cancellation);
            yield return $"Chunk {number}";
        }
    }

    /// <summary><c>{"chunk_number":0,"message":"Chunk 0 data"}</c> …</summary>
    public static async IAsyncEnumerable<ChunkMessage> Messages(
        int chunks,
        TimeSpan interval,
        TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        for (var number = 0; number < chunks; number++)
        {
            if (number > 0 && interval > TimeSpan.Zero)
                await Task.Delay(interval, time, cancellation);
            yield return new ChunkMessage(number, $"Chunk {number} data");
        }
    }
}

/// <summary>An item of <c>/json-stream</c>.</summary>
internal sealed record ChunkMessage(
    [property: JsonPropertyName("chunk_number")] int ChunkNumber,
    [property: JsonPropertyName("message")] string Message);

/// <summary>The JSON of the demo generators' items, without reflection.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(ChunkMessage))]
internal sealed partial class DemoJson : JsonSerializerContext;
