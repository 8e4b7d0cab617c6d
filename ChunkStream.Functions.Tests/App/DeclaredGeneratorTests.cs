using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.App;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.App;

/// <summary>An app declares a generator in one place, together with its parameters.</summary>
public sealed class DeclaredGeneratorTests
{
    private const string Key = "a-key-of-some-length";

    private static GeneratorEndpoint<Greeting> Greetings(EndpointAccess access) => new(
        "greetings",
        "Greets somebody",
        (given, _) => Enumerable.Range(1, given.Number("times"))
            .Select(time => new Greeting(given.Text("name")!, time)).ToAsyncEnumerable())
    {
        Access = access,
        Parameters =
        [
            GeneratorParameter.Text("name", "world"), GeneratorParameter.Text("unused"),
            GeneratorParameter.Number("times", 1, least: 1, most: 3),
        ],
        Examples = [new("greetings?name=you")],
    };

    [Fact]
    public async Task One_of_the_apps_own_has_a_route_checked_parameters_and_a_place_on_the_page()
    {
        await using var api = await LocalApi.StartAsync(With(Greetings(EndpointAccess.Anonymous)));

        Assert.Equal("{\"hello\":\"world\",\"time\":1}\n", await api.Client.GetStringAsync("/api/greetings").Within());
        Assert.Equal(
            "hello,time\r\nyou,1\r\nyou,2\r\n",
            await api.Client.GetStringAsync("/api/greetings?name=you&times=2&format=csv").Within());
        foreach (var wrong in new[] { "times=4", "times=x", "other=1", "record=a" })
            await AssertRefusedAsync(wrong);

        var listed = Assert.Single(
            JsonNode.Parse(await api.Client.GetStringAsync("/api/ui/generators.json").Within())!.AsArray())!;
        Assert.Equal("greetings", (string?)listed["name"]);
        Assert.Equal("Greets somebody", (string?)listed["summary"]);
        Assert.Equal("greetings", (string?)listed["path"]);
        Assert.Equal("anonymous", (string?)listed["access"]);
        Assert.Equal(
            """[{"name":"name","type":"text","default":"world"},{"name":"unused","type":"text","default":null},"""
            + """{"name":"times","type":"integer","default":"1"}]""",
            listed["parameters"]!.ToJsonString());
        Assert.Contains("ndjson", listed["formats"]!.AsArray().Select(format => (string?)format));

        async Task AssertRefusedAsync(string query)
        {
            using var refused = await api.GetAsync("/api/greetings?" + query);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Equal(
                query[..query.IndexOf('=', StringComparison.Ordinal)],
                (string?)Assert.Single((await refused.ProblemAsync())["errors"]!.AsArray())!["parameter"]);
        }
    }

    [Fact]
    public async Task One_that_needs_a_key_asks_for_it_and_takes_no_place_of_those_that_need_none()
    {
        var app = With(Greetings(EndpointAccess.Function)).Add(builder => builder.AddTestGenerators());
        await using var api = await LocalApi.StartAsync(
            app, functionKey: Key, settings: ("ChunkStream:Streaming:MaxAnonymousStreams", "1"));

        using var refused = await api.GetAsync("/api/greetings");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var running = await api.GetAsync("/api/lines?intervalMs=60000");
        using var another = await api.GetAsync("/api/lines?intervalMs=60000");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, another.StatusCode);
        Assert.Equal(
            "{\"hello\":\"world\",\"time\":1}\n",
            await api.Client.GetStringAsync("/api/greetings?code=" + Key).Within());
    }

    [Theory]
    [InlineData("health")]
    [InlineData("Greetings")]
    public void Two_endpoints_of_one_name_are_refused_at_start(string name)
    {
        var app = With(Greetings(EndpointAccess.Anonymous))
            .Add(builder => builder.AddGenerator(
                new GeneratorEndpoint<string>(name, "Another", (_, _) => AsyncEnumerable.Empty<string>())));

        var failure = Assert.Throws<InvalidOperationException>(app.Endpoints);
        Assert.Contains("needs a name of its own", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("{name}")]
    [InlineData("")]
    public void A_name_that_is_no_route_is_refused(string name)
        => Assert.ThrowsAny<ArgumentException>(
            () => new GeneratorEndpoint<string>(name, "A summary", (_, _) => AsyncEnumerable.Empty<string>()));

    [Fact]
    public void Calls_to_try_are_those_of_the_generators_and_those_that_were_added()
    {
        var app = With(Greetings(EndpointAccess.Anonymous))
            .Add(builder => builder.AddExample("query", new("queries/mine?limit=1")));
        var examples = app.Endpoints().All
            .SelectMany(endpoint => endpoint.Examples.Select(call => (endpoint.Name, call.Address))).ToArray();

        Assert.Contains(("greetings", "greetings?name=you"), examples);
        Assert.Contains(("query", "queries/mine?limit=1"), examples);
        Assert.Contains(("health", "health"), examples);
    }

    [Fact]
    public async Task Without_any_there_are_the_other_endpoints_and_an_empty_list()
    {
        await using var api = await LocalApi.StartAsync(new LocalApp());

        Assert.Equal("[]", await api.Client.GetStringAsync("/api/ui/generators.json").Within());
        using var missing = await api.GetAsync("/api/db-stream");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal(
            "There is no default query: the setting ChunkStream:DefaultQuery names it. "
            + "/queries lists those that there are.",
            (string?)(await missing.ProblemAsync())["detail"]);
    }

    private sealed record Greeting(string Hello, int Time);

    private static LocalApp With(GeneratorEndpoint generator)
        => new LocalApp().Add(builder => builder.AddGenerator(generator));
}
