using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.LocalHost;

/// <summary>What the server refuses by itself is a problem, too.</summary>
public sealed class RefusalTests
{
    public static TheoryData<string, int, string> Requests => new()
    {
        { "PATCH /api/lines HTTP/1.1", 405, "method-not-allowed" },
        { "BREW /api/streams/x HTTP/1.1", 405, "method-not-allowed" },
        { $"GET /api/lines?x={new string('x', 8200)} HTTP/1.1", 414, "uri-too-long" },
        {
            $"GET /api/lines HTTP/1.1\nX-Large: {new string('x', 20_000)}\nX-Larger: {new string('x', 20_000)}",
            431, "headers-too-large"
        },
        {
            "GET /api/lines HTTP/1.1" + string.Concat(Enumerable.Range(0, 101).Select(number => $"\nX-{number}: x")),
            431, "headers-too-large"
        },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task A_refusal_is_a_problem(string head, int status, string type)
    {
        await using var api = await LocalApi.StartAsync();
        var response = await RawRequest.SendAsync(api.Client.BaseAddress!, head);

        AssertProblem(response, status, type);
        if (status == 405)
            Assert.Contains("\r\nAllow: ", response.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_foreign_host_is_told_so()
    {
        await using var api = await LocalApi.StartAsync();
        using var socket = await RawEnd.ConnectAsync(api.Client.BaseAddress!);
        await socket.SendAsync("GET /api/lines?count=1 HTTP/1.0\r\nHost: evil.example.org\r\n\r\n"u8.ToArray());

        AssertProblem(new RawResponse((await RawEnd.ReadAsync(socket)).Text), 400, "foreign-host");
    }

    private static void AssertProblem(RawResponse response, int status, string type)
    {
        Assert.Equal(status, response.Status);
        Assert.Contains("\r\nContent-Type: application/problem+json\r\n", response.Text, StringComparison.Ordinal);
        Assert.Equal($"urn:chunkstream:{type}", (string?)response.Problem["type"]);
    }
}
