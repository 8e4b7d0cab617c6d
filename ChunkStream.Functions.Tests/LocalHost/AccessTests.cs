using System.Net;
using ChunkStream.Endpoints;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Web;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Functions.Tests.LocalHost;

public sealed class AccessTests
{
    private const string Key = "a-key-of-some-length";

    public static TheoryData<string, bool> Endpoints
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var endpoint in EndpointTable.All)
                data.Add(endpoint.Route, endpoint.Access is EndpointAccess.Function);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Where_the_function_app_asks_for_a_key_so_does_the_local_host_with_one(string route, bool needsKey)
    {
        await using var api = await LocalApi.StartAsync(functionKey: Key);

        foreach (var (given, isRight) in new[] { ("", false), ("?code=wrong", false), ($"?code={Key}x", false), ($"?code={Key}", true) })
        {
            using var response = await api.HeadAsync($"/api/{route}{given}");
            Assert.Equal(needsKey && !isRight, response.StatusCode is HttpStatusCode.Unauthorized);
        }

        using var refused = await api.GetAsync($"/api/{route}?chunks=1");
        if (needsKey)
            Assert.Equal("urn:chunkstream:unauthorized", (string?)(await refused.ProblemAsync())["type"]);
    }

    [Theory]
    [InlineData(Key, true)]
    [InlineData("wrong", false)]
    [InlineData("", false)]
    [InlineData(Key + " ", false)]
    public void The_key_may_come_in_a_header(string given, bool admitted)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers["x-functions-key"] = given;

        Assert.Equal(admitted, new FunctionKey(Key).Admits(request));
        Assert.True(new FunctionKey(null).Admits(request));
    }

    [Theory]
    [InlineData("localhost", null, true)]
    [InlineData("127.0.0.1", null, true)]
    [InlineData("::1", null, true)]
    [InlineData("0.0.0.0", null, false)]
    [InlineData("::", "  ", false)]
    [InlineData("10.1.2.3", null, false)]
    [InlineData("0.0.0.0", Key, true)]
    [InlineData("example.org", Key, false)]
    public void Listening_beyond_this_machine_needs_a_key(string address, string? key, bool isValid)
    {
        var result = new LocalHostOptionsValidator().Validate(null, new LocalHostOptions { Address = address, FunctionKey = key });

        Assert.Equal(isValid, result.Succeeded);
    }

    [Fact]
    public async Task An_unknown_route_is_404_with_the_routes_there_are_and_an_unknown_method_405()
    {
        await using var api = await LocalApi.StartAsync();
        using var unknown = await api.GetAsync("/api/streams-of-thought");
        using var posted = await api.Client.PostAsync("/api/stream", content: null).Within();

        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Contains("/api/db-stream", (string?)(await unknown.ProblemAsync())["detail"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }
}
