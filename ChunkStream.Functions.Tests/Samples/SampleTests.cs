using System.Text.Json;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.Samples;

/// <summary>Each sample does what it shows, as the program that it is.</summary>
public sealed class SampleTests
{
    private const string Ticks = """
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

    /// <summary>The function itself, behind a web server of the tests: it needs no host of the platform.</summary>
    [Fact]
    public async Task The_function_app_streams_a_generator()
    {
        var functions = Activator.CreateInstanceFrom(Program("FunctionApp"), "FunctionApp.TickFunctions")!.Unwrap()!;
        var ticks = functions.GetType().GetMethod("Ticks")!.CreateDelegate<Func<HttpRequest, IResult>>(functions);
        await using var api = await PlainApi.StartAsync(app => app.MapGet("/ticks", ticks));

        Assert.Equal(Ticks, await api.TextAsync("/ticks"));
    }

    [Fact]
    public void The_function_app_tells_the_platform_of_its_function()
    {
        var folder = Built.Folder("samples", "FunctionApp");
        using var functions = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "functions.metadata")));
        var function = Assert.Single(functions.RootElement.EnumerateArray());

        Assert.Equal("ticks", function.GetProperty("name").GetString());
        Assert.Equal("FunctionApp.TickFunctions.Ticks", function.GetProperty("entryPoint").GetString());
        Assert.True(File.Exists(Path.Combine(folder, "host.json")));
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
