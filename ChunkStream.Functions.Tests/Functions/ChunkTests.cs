using System.Net;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>Through the host, too, a client has each chunk before the next one is made.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class ChunkTests(RunningFunctionApp running)
{
    public static TheoryData<string> Formats => [.. StreamFormats.All.Select(format => format.Name)];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_generator_s_first_item_arrives_while_the_second_is_a_minute_away(string format)
    {
        using var response = await running.Client.GetAsync(
            $"/api/json-stream?chunks=2&intervalMs=60000&format={format}",
            HttpCompletionOption.ResponseHeadersRead).Within();
        await using var body = await response.Content.ReadAsStreamAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.DoesNotContain(
            "Chunk 1 data", await body.ReadUntilAsync("Chunk 0 data"), StringComparison.Ordinal);
    }
}
