using System.Text.Json;

namespace Stream_App.Tests;

public sealed class StreamFunctionsTests
{
    [Fact]
    public async Task Ticks_stream_as_lines_of_JSON()
    {
        await using var app = await FunctionServer.StartAsync();

        var lines = (await app.Client.GetStringAsync("/ticks")).Split('\n');

        Assert.Equal("""{"number":1,"square":1}""", lines[0]);
        Assert.Equal(6, lines.Length);
    }

    [Fact]
    public async Task Each_query_file_is_sound()
    {
        await using var app = await FunctionServer.StartAsync();

        using var catalogue = JsonDocument.Parse(await app.Client.GetStringAsync("/catalogue"));

        Assert.Empty(catalogue.RootElement.GetProperty("broken").EnumerateArray());
        Assert.Equal("numbers", catalogue.RootElement.GetProperty("queries")[0].GetProperty("name").GetString());
    }

    [DatabaseFact]
    public async Task Numbers_stream_from_the_database()
    {
        await using var app = await FunctionServer.StartAsync();

        var rows = await app.Client.GetStringAsync("/queries/numbers?count=2&format=csv");

        Assert.Equal("n,root\r\n1,1\r\n2,1.4142135623730951\r\n", rows);
    }
}
