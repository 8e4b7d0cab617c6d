using System.IO.Compression;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Functions;

/// <summary>Through the host, too, a client has each chunk before the next one is made.</summary>
[Collection(RunningFunctionApp.Collection)]
public sealed class ChunkTests(RunningFunctionApp running)
{
    [Fact]
    public async Task In_each_format_a_row_arrives_while_the_database_holds_the_next()
    {
        var bodies = new Dictionary<StreamFormat, Stream>();
        await using (await running.HoldAsync())
        {
            foreach (var format in StreamFormats.All)
            {
                var response = await running.GetAsync($"/api/queries/held?format={format.Name}");
                bodies[format] = await response.Content.ReadAsStreamAsync();
                Assert.DoesNotContain("2", await bodies[format].ReadUntilAsync("1"), StringComparison.Ordinal);
            }
        }

        foreach (var (format, body) in bodies)
        {
            using var rest = new StreamReader(body);
            var text = await rest.ReadToEndAsync().Within();
            Assert.True(text.Contains('2') && text.Contains('3'), $"{format.Name}: {text}");
        }
    }

    [Fact]
    public async Task A_compressed_row_arrives_while_the_database_holds_the_next()
    {
        await using var held = await running.HoldAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/queries/held");
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using var response = await running.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();

        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        await using var body = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        Assert.Equal("{\"n\":1,\"held\":null}\n", await body.ReadUntilAsync("\n"));
    }

    [Fact]
    public async Task A_follower_of_a_durable_stream_has_each_message_before_the_next_is_appended()
    {
        const string path = "/api/streams/followed";
        using var created = await running.Client.PutAsync(path, Text("")).Within();
        using var following = await running.GetAsync($"{path}?offset=-1&live=sse");
        await using var events = await following.Content.ReadAsStreamAsync();

        foreach (var number in Enumerable.Range(1, 5))
        {
            using var appended = await running.Client.PostAsync(path, Text($"message {number}\n")).Within();
            Assert.True(appended.IsSuccessStatusCode);
            Assert.DoesNotContain(
                $"message {number + 1}", await events.ReadUntilAsync($"message {number}"), StringComparison.Ordinal);
        }
    }

    private static StringContent Text(string text) => new(text, mediaType: new("text/plain"));
}
