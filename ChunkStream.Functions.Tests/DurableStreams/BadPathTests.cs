using System.Net;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// Paths that can't name a stream are refused before the database is asked. A path is only ever a name.
/// </summary>
public sealed class BadPathTests
{
    [Theory]
    [InlineData("", "missing")]
    [InlineData("/", "empty segment")]
    [InlineData("a/", "empty segment")]
    [InlineData("a//b", "empty segment")]
    [InlineData("/a", "empty segment")]
    [InlineData("a/b//", "empty segment")]
    [InlineData("./a", "'.' or '..'")]
    [InlineData("a/./b", "'.' or '..'")]
    [InlineData("a/../b", "'.' or '..'")]
    [InlineData("a/%2e%2e/b", "'.' or '..'")]
    [InlineData("a/%2E./b", "'.' or '..'")]
    [InlineData("a/.%2e", "'.' or '..'")]
    [InlineData("a%01b", "control character")]
    [InlineData("a%0d%0ab", "control character")]
    [InlineData("a%7Fb", "control character")]
    [InlineData("a%C2%85b", "control character")]
    [InlineData("a%2Fb", "percent-encoding")]
    [InlineData("a%252fb", "percent-encoding")]
    [InlineData("a%FFb", "percent-encoding")]
    [InlineData("a%ED%A0%80b", "percent-encoding")]
    public async Task A_path_that_could_be_misread_is_refused(string path, string reason)
    {
        await using var api = await LocalApi.StartAsync();

        var response = await RawRequest.SendAsync(api.Client.BaseAddress!, $"GET /api/streams/{path} HTTP/1.1");

        Assert.Equal(400, response.Status);
        Assert.Equal("urn:chunkstream:invalid-stream-path", response.Problem["type"]!.GetValue<string>());
        Assert.Contains(reason, response.Problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_path_of_more_than_1024_bytes_is_refused()
    {
        await using var api = await LocalApi.StartAsync();

        using var fits = await api.GetAsync("/api/streams/" + new string('ä', 512));
        using var tooLong = await api.GetAsync("/api/streams/" + new string('ä', 512) + "a");

        // The path is fine, but there is no database.
        Assert.Equal(HttpStatusCode.ServiceUnavailable, fits.StatusCode);
        Assert.Contains(
            "1024 bytes", (await tooLong.ProblemAsync())["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
    }

    [Theory]
    [InlineData("__ds")]
    [InlineData("__ds/subscriptions/a")]
    [InlineData("%5F_ds/subscriptions/a")]
    public async Task The_reserved_segment_is_no_stream(string path)
    {
        await using var api = await LocalApi.StartAsync();

        var response = await RawRequest.SendAsync(
            api.Client.BaseAddress!, $"PUT /api/streams/{path} HTTP/1.1\nContent-Length: 0");

        Assert.Equal(404, response.Status);
        Assert.Contains("reserved", response.Problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("%00")]
    [InlineData("a b")]
    public async Task What_is_no_HTTP_does_not_get_that_far(string path)
    {
        await using var api = await LocalApi.StartAsync();

        Assert.Equal(
            400, (await RawRequest.SendAsync(api.Client.BaseAddress!, $"GET /api/streams/{path} HTTP/1.1")).Status);
    }

    [Fact]
    public async Task Dots_that_lead_out_of_the_streams_lead_to_no_stream()
    {
        await using var api = await LocalApi.StartAsync();

        Assert.Equal(
            404,
            (await RawRequest.SendAsync(api.Client.BaseAddress!, "DELETE /api/streams/../nothing HTTP/1.1")).Status);
    }
}
