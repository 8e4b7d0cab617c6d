using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using ChunkStream.App;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Generators that every <see cref="LocalApi"/> serves, of texts and of objects: the first item at once, then one an
/// interval.
/// </summary>
internal static class TestGenerators
{
    /// <summary>
    /// Adds <c>/lines</c> and <c>/messages</c>, with the parameters <c>count</c> and <c>intervalMs</c>.
    /// </summary>
    public static void AddTestGenerators(this ChunkStreamBuilder builder) => builder
        .AddGenerator(services =>
        {
            var time = services.GetRequiredService<TimeProvider>();
            return new GeneratorEndpoint<string>(
                "lines", "Lines of text",
                (given, token) => Lines(given.Number("count"), Interval(given), time, token),
                TestJson.Default.String)
            {
                Access = EndpointAccess.Anonymous,
                Parameters = Parameters(defaultCount: 10),
                IsRecordable = true,
            };
        })
        .AddGenerator(services =>
        {
            var time = services.GetRequiredService<TimeProvider>();
            return new GeneratorEndpoint<Message>(
                "messages", "Messages as JSON",
                (given, token) => Messages(given.Number("count"), Interval(given), time, token),
                TestJson.Default.Message)
            {
                Access = EndpointAccess.Anonymous,
                Parameters = Parameters(defaultCount: 5),
                IsRecordable = true,
            };
        });

    /// <summary><c>Line 0</c>, <c>Line 1</c> …</summary>
    public static async IAsyncEnumerable<string> Lines(
        int count, TimeSpan interval, TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (var number in Numbers(count, interval, time, cancellation))
            yield return $"Line {number}";
    }

    /// <summary><c>{"number":0,"text":"Message 0"}</c> …</summary>
    public static async IAsyncEnumerable<Message> Messages(
        int count, TimeSpan interval, TimeProvider time,
        [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (var number in Numbers(count, interval, time, cancellation))
            yield return new Message(number, $"Message {number}");
    }

    private static async IAsyncEnumerable<int> Numbers(
        int count, TimeSpan interval, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var number = 0; number < count; number++)
        {
            if (number > 0 && interval > TimeSpan.Zero)
                await Task.Delay(interval, time, cancellation);
            yield return number;
        }
    }

    private static TimeSpan Interval(GeneratorArguments given) => TimeSpan.FromMilliseconds(given.Number("intervalMs"));

    private static GeneratorParameter[] Parameters(int defaultCount) =>
    [
        GeneratorParameter.Number("count", defaultCount, least: 1, most: 1_000_000),
        GeneratorParameter.Number("intervalMs", defaultValue: 1000, least: 0, most: 60_000),
    ];
}

/// <summary>An item of <c>/messages</c>.</summary>
internal sealed record Message(
    [property: JsonPropertyName("number")] int Number,
    [property: JsonPropertyName("text")] string Text);

/// <summary>The JSON of the tests' items, without reflection.</summary>
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(Message))]
internal sealed partial class TestJson : JsonSerializerContext;
