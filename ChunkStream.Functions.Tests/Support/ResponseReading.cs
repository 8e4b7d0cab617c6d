using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>Reading responses piece by piece.</summary>
internal static class ResponseReading
{
    /// <summary>What has arrived of the body, at least one byte; empty at a clean end.</summary>
    public static async Task<string> ReadSomeAsync(this Stream body)
    {
        var buffer = new byte[64 * 1024];
        var length = await body.ReadAsync(buffer).Within();
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>
    /// Reads the body until it contains a text. One read may not be enough: a decompressor may give in several parts
    /// what arrived at once.
    /// </summary>
    public static async Task<string> ReadUntilAsync(this Stream body, string text)
    {
        var read = await body.ReadSomeAsync();
        while (!read.Contains(text, StringComparison.Ordinal))
        {
            var more = await body.ReadSomeAsync();
            Assert.False(more.Length == 0, $"The body ended without '{text}': {read}");
            read += more;
        }

        return read;
    }

    /// <summary>The response's problem details; fails where it has none.</summary>
    public static async Task<JsonNode> ProblemAsync(this HttpResponseMessage response)
    {
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(await response.Content.ReadAsStringAsync().Within())!;
        Assert.Equal(JsonValueKind.String, problem["type"]!.GetValueKind());
        Assert.Equal(JsonValueKind.String, problem["title"]!.GetValueKind());
        Assert.Equal((int)response.StatusCode, problem["status"]!.GetValue<int>());
        return problem;
    }
}
