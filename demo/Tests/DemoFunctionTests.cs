using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Demo.Tests;

/// <summary>The functions of the demo's generators, through the host.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class DemoFunctionTests(RunningFunctionApp running)
{
    [Fact]
    public async Task In_each_format_the_first_item_arrives_while_the_second_is_a_minute_away()
    {
        foreach (var format in StreamFormats.All)
        {
            foreach (var path in new[] { "/api/stream", "/api/json-stream" })
            {
                using var response = await running.GetAsync($"{path}?chunks=2&intervalMs=60000&format={format.Name}");
                await using var body = await response.Content.ReadAsStreamAsync();

                Assert.DoesNotContain("Chunk 1", await body.ReadUntilAsync("Chunk 0"), StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public async Task An_invocation_that_is_cancelled_while_its_client_reads_cuts_the_stream()
    {
        var before = running.App.Invocations.All.Length;
        using var response = await running.GetAsync("/api/stream?chunks=2&intervalMs=60000");
        await using var body = await response.Content.ReadAsStreamAsync();
        Assert.Equal("Chunk 0\n", await body.ReadSomeAsync());

        running.App.Invocations.All[before].Cancel();

        await Assert.ThrowsAnyAsync<IOException>(() => body.ReadSomeAsync());
    }
}
