using System.Text;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>A body that is not valid HTTP is its sender's fault, and nothing that an operator must hear of.</summary>
public sealed class BrokenBodyTests
{
    [Theory]
    [InlineData("PUT", "ffffffffffffffff\r\na")]
    [InlineData("POST", "ffffffffffffffff\r\na")]
    [InlineData("POST", "80000000\r\na")]
    [InlineData("POST", "-1\r\n")]
    [InlineData("POST", "zz\r\n")]
    [InlineData("POST", "3\r\nabcdef\r\n0\r\n\r\n")]
    public async Task Chunks_of_a_wrong_size_are_refused(string method, string body)
    {
        await using var api = await LocalApi.StartAsync();

        var response = await RawRequest.SendAsync(
            api.Client.BaseAddress!,
            $"{method} /api/streams/a HTTP/1.1\nContent-Type: text/plain\nTransfer-Encoding: chunked",
            Encoding.ASCII.GetBytes(body));

        Assert.Equal(400, response.Status);
        Assert.Equal("urn:chunkstream:invalid-body", (string?)response.Problem["type"]);
        Assert.DoesNotContain(api.Log.Entries, entry => entry.Level >= LogLevel.Error);
    }
}
