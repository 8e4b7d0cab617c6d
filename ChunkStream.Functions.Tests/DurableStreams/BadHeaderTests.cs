using System.Net;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>A malformed header or parameter gets a 400 that names it, before the database is asked.</summary>
public sealed class BadHeaderTests
{
    [Theory]
    [InlineData("Stream-TTL", "")]
    [InlineData("Stream-TTL", "-1")]
    [InlineData("Stream-TTL", "+1")]
    [InlineData("Stream-TTL", "01")]
    [InlineData("Stream-TTL", "1.0")]
    [InlineData("Stream-TTL", "1e3")]
    [InlineData("Stream-TTL", "0x10")]
    [InlineData("Stream-TTL", "1, 2")]
    [InlineData("Stream-TTL", "3153600001")]
    [InlineData("Stream-TTL", "99999999999999999999")]
    [InlineData("Stream-Expires-At", "")]
    [InlineData("Stream-Expires-At", "tomorrow")]
    [InlineData("Stream-Expires-At", "1893456000")]
    [InlineData("Stream-Expires-At", "2030-01-31")]
    [InlineData("Stream-Expires-At", "2030-01-31T12:00:00")]
    [InlineData("Stream-Expires-At", "2030-02-31T12:00:00Z")]
    [InlineData("Stream-Expires-At", "2030-01-31T25:00:00Z")]
    [InlineData("Stream-Expires-At", "2030-01-31T12:00:00+0100")]
    [InlineData("Stream-Forked-From", "")]
    [InlineData("Stream-Forked-From", "/")]
    [InlineData("Stream-Forked-From", "/a//b")]
    [InlineData("Stream-Forked-From", "/a/../b")]
    [InlineData("Stream-Forked-From", "/a/%2e%2e/b")]
    [InlineData("Stream-Forked-From", "/a%00b")]
    [InlineData("Stream-Forked-From", "/api/streams/")]
    [InlineData("Stream-Forked-From", "/__ds/a")]
    [InlineData("Stream-Fork-Offset", "0000000000000000000")]
    [InlineData("Stream-Fork-Sub-Offset", "0")]
    [InlineData("Stream-Fork-Sub-Offset", "")]
    [InlineData("Content-Type", "text")]
    [InlineData("Content-Type", "text/")]
    [InlineData("Content-Type", "*/*")]
    [InlineData("Content-Type", "text/plain, text/html")]
    public Task A_stream_is_not_created(string name, string value) => RefusedAsync(HttpMethod.Put, name, (name, value));

    [Theory]
    [InlineData("Stream-Fork-Offset", "-1")]
    [InlineData("Stream-Fork-Offset", "now")]
    [InlineData("Stream-Fork-Offset", "5")]
    [InlineData("Stream-Fork-Offset", "000000000000000000x")]
    [InlineData("Stream-Fork-Offset", "9999999999999999999")]
    [InlineData("Stream-Fork-Sub-Offset", "-1")]
    [InlineData("Stream-Fork-Sub-Offset", "1.5")]
    [InlineData("Stream-Fork-Sub-Offset", "05")]
    [InlineData("Stream-Fork-Sub-Offset", "99999999999999999999")]
    public Task A_stream_is_not_forked(string name, string value)
        => RefusedAsync(HttpMethod.Put, name, ("Stream-Forked-From", "/a"), (name, value));

    [Fact]
    public Task Two_ways_to_expire_exclude_each_other()
        => RefusedAsync(
            HttpMethod.Put, "Stream-TTL", ("Stream-TTL", "60"), ("Stream-Expires-At", "2030-01-31T12:00:00Z"));

    [Theory]
    [InlineData("Producer-Id", "Producer-Id: a")]
    [InlineData("Producer-Id", "Producer-Id: a|Producer-Epoch: 0")]
    [InlineData("Producer-Id", "Producer-Epoch: 0|Producer-Seq: 0")]
    [InlineData("Producer-Id", "Producer-Id: |Producer-Epoch: 0|Producer-Seq: 0")]
    [InlineData("Producer-Epoch", "Producer-Id: a|Producer-Epoch: -1|Producer-Seq: 0")]
    [InlineData("Producer-Epoch", "Producer-Id: a|Producer-Epoch: 1e3|Producer-Seq: 0")]
    [InlineData("Producer-Epoch", "Producer-Id: a|Producer-Epoch: 9007199254740992|Producer-Seq: 0")]
    [InlineData("Producer-Seq", "Producer-Id: a|Producer-Epoch: 0|Producer-Seq: ")]
    [InlineData("Producer-Seq", "Producer-Id: a|Producer-Epoch: 0|Producer-Seq: 1abc")]
    [InlineData("Producer-Seq", "Producer-Id: a|Producer-Epoch: 0|Producer-Seq: 9007199254740992")]
    [InlineData("Stream-Seq", "Stream-Seq: ")]
    [InlineData("Content-Type", "Content-Type: json")]
    [InlineData("Content-Type", "")]
    public Task Nothing_is_appended(string name, string headers)
        => RefusedAsync(
            HttpMethod.Post,
            name,
            [
                .. headers.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(header => (
                    header[..header.IndexOf(':', StringComparison.Ordinal)],
                    header[(header.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())),
            ]);

    [Theory]
    [InlineData("Producer-Id")]
    [InlineData("Stream-Seq")]
    public Task A_name_of_more_than_1024_bytes_is_refused(string name)
        => RefusedAsync(
            HttpMethod.Post,
            name,
            [
                (name, new string('x', 1025)),
                .. name == "Producer-Id" ? new[] { ("Producer-Epoch", "0"), ("Producer-Seq", "0") } : [],
            ]);

    [Fact]
    public async Task All_mistakes_are_told_at_once()
    {
        await using var api = await LocalApi.StartAsync();

        using var response = await api.PostAsync("a", "json", "x", ("Stream-Seq", ""), ("Producer-Id", "a"));

        var errors = (await response.ProblemAsync())["errors"]!.AsArray();
        Assert.Equal(
            ["Content-Type", "Stream-Seq", "Producer-Id"],
            errors.Select(error => error!["parameter"]!.GetValue<string>()));
    }

    [Theory]
    [InlineData("?offset=", "offset")]
    [InlineData("?offset=0", "offset")]
    [InlineData("?offset=-2", "offset")]
    [InlineData("?offset=NOW", "offset")]
    [InlineData("?offset=00000000000000000000", "offset")]
    [InlineData("?offset=0000000000000000001,5", "offset")]
    [InlineData("?offset=0000000000000000001%20", "offset")]
    [InlineData("?offset=000000000000000001%00", "offset")]
    [InlineData("?offset=%2B000000000000000001", "offset")]
    [InlineData("?offset=000000000000000000%D9%A1", "offset")]
    [InlineData("?offset=-1&offset=-1", "offset")]
    [InlineData("?offset=1';drop table streams--", "offset")]
    [InlineData("?live=long-poll", "offset")]
    [InlineData("?live=sse", "offset")]
    [InlineData("?offset=-1&live=", "live")]
    [InlineData("?offset=-1&live=SSE", "live")]
    [InlineData("?offset=-1&live=websocket", "live")]
    public async Task Nothing_is_read(string query, string parameter)
    {
        await using var api = await LocalApi.StartAsync();

        using var response = await api.ReadAsync("a", query);
        using var head = await api.HeadAsync("/api/streams/a" + query);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, head.StatusCode);
        Assert.Equal("urn:chunkstream:invalid-parameters", (await response.ProblemAsync())["type"]!.GetValue<string>());
        Assert.Equal(parameter, (await response.ProblemAsync())["errors"]![0]!["parameter"]!.GetValue<string>());
    }

    private static async Task RefusedAsync(
        HttpMethod method, string culprit, params (string Name, string Value)[] headers)
    {
        await using var api = await LocalApi.StartAsync();
        using var request = new HttpRequestMessage(method, "/api/streams/a") { Content = new ByteArrayContent([1]) };
        foreach (var (name, value) in headers)
            Assert.True(
                request.Headers.TryAddWithoutValidation(name, value)
                    || request.Content.Headers.TryAddWithoutValidation(name, value),
                name);

        using var response = await api.Client.SendAsync(request).Within();

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var problem = await response.ProblemAsync();
        Assert.Equal("urn:chunkstream:invalid-headers", problem["type"]!.GetValue<string>());
        Assert.Equal(culprit, problem["errors"]![0]!["parameter"]!.GetValue<string>());
        Assert.Contains(culprit, problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Header("X-Content-Type-Options"));
    }
}
