using System.Net;
using ChunkStream.App;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Web;
using ChunkStream.Postgres.Queries;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ChunkStream.Functions.Tests.LocalHost;

public sealed class AccessTests
{
    private const string Key = "a-key-of-some-length";

    public static TheoryData<string, string, bool> Endpoints
    {
        get
        {
            var data = new TheoryData<string, string, bool>();
            data.Add("HEAD", "lines", false);
            foreach (var endpoint in EndpointTable.BuiltIn)
            {
                // Most take HEAD, which runs nothing.
                var method = endpoint.Methods.Contains("HEAD") ? "HEAD" : endpoint.Methods[0];
                data.Add(method, endpoint.Route, endpoint.Access is EndpointAccess.Function);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Where_the_function_app_asks_for_a_key_so_does_the_local_host_with_one(
        string method, string route, bool needsKey)
    {
        await using var api = await LocalApi.StartAsync(functionKey: Key);

        var keys = new[] { ("", false), ("?code=wrong", false), ($"?code={Key}x", false), ($"?code={Key}", true) };
        foreach (var (given, isRight) in keys)
        {
            using var response = await AskAsync(given);
            Assert.Equal(needsKey && !isRight, response.StatusCode is HttpStatusCode.Unauthorized);
        }

        using var refused = method == "HEAD" ? await api.GetAsync($"/api/{route}?count=1") : await AskAsync("");
        if (needsKey)
            Assert.Equal("urn:chunkstream:unauthorized", (string?)(await refused.ProblemAsync())["type"]);

        Task<HttpResponseMessage> AskAsync(string query)
            => api.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), $"/api/{route}{query}")).Within();
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
    [InlineData("localhost", "   ", false)]
    [InlineData("localhost", "", false)]
    [InlineData("10.1.2.3", null, false)]
    [InlineData("0.0.0.0", Key, true)]
    [InlineData("example.org", Key, false)]
    public void Listening_beyond_this_machine_needs_a_key_and_a_blank_one_is_none(
        string address, string? key, bool isValid)
    {
        var result = new LocalHostOptionsValidator().Validate(
            null, new LocalHostOptions { Address = address, FunctionKey = key });

        Assert.Equal(isValid, result.Succeeded);
    }

    [Fact]
    public async Task Without_a_resume_key_each_state_folder_has_a_random_one_that_stays()
    {
        var keys = new List<string>();
        var folders = new[]
        {
            Directory.CreateTempSubdirectory("chunkstream-state-"),
            Directory.CreateTempSubdirectory("chunkstream-state-"),
        };
        foreach (var folder in new[] { folders[0], folders[0], folders[1] })
        {
            await using var api = await LocalApi.StartAsync(
                settings: (LocalHostOptions.Section + ":StatePath", folder.FullName));
            keys.Add(api.Get<IOptions<QueryOptions>>().Value.ResumeKey!);
        }

        Assert.Equal(keys[0], keys[1]);
        Assert.NotEqual(keys[0], keys[2]);
        foreach (var folder in folders)
        {
            var file = Assert.Single(folder.GetFiles());
            if (!OperatingSystem.IsWindows())
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.UnixFileMode);
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task An_unknown_route_is_404_with_the_routes_there_are_and_an_unknown_method_405()
    {
        await using var api = await LocalApi.StartAsync();
        using var unknown = await api.GetAsync("/api/streams-of-thought");
        using var posted = await api.Client.PostAsync("/api/lines", content: null).Within();

        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Contains("/api/db-stream", (string?)(await unknown.ProblemAsync())["detail"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }
}
