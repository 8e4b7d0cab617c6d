using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Samples;

/// <summary>Each sample does what it shows, as the program that it is.</summary>
public sealed class SampleTests
{
    internal const string Ticks = """
        {"number":1,"square":1}
        {"number":2,"square":4}
        {"number":3,"square":9}
        {"number":4,"square":16}
        {"number":5,"square":25}

        """;

    [Fact]
    public async Task The_minimal_API_streams_a_generator()
    {
        await using var sample = await WebProgram.StartAsync(Program("MinimalApi"));

        Assert.Equal(Ticks, await sample.Client.GetStringAsync("/ticks"));
        var table = await sample.Client.GetStringAsync("/ticks?format=csv");
        Assert.StartsWith("number,square\r\n1,1\r\n", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tokens_of_a_chat_model_join_to_one_text_or_are_events_with_a_name()
    {
        await using var sample = await WebProgram.StartAsync(Program("ChatTokens"));

        Assert.Equal("You asked: why?\n", await sample.Client.GetStringAsync("/chat?ask=why%3F"));
        var events = await sample.Client.GetStringAsync("/chat/events?ask=why%3F&format=sse");
        Assert.Contains("data: \" asked:\"\nevent: token\n\n", events, StringComparison.Ordinal);
    }

    private static string Program(string sample) => Path.Combine(Built.Folder("samples", sample), $"{sample}.dll");
}
