using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using Microsoft.Extensions.Time.Testing;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

/// <summary>Parameters that are too long for a URL come in the body of a POST.</summary>
[Collection(RealPostgres.Collection)]
public sealed class PostedQueriesTests(RealPostgres postgres) : IAsyncLifetime
{
    private LocalApi _api = null!;

    public async Task InitializeAsync() => _api = await LocalApi.ServingAsync(
        postgres.ConnectionString,
        new QueryFiles()
            .With("ids", "-- param: ids int[]\n-- key: id\nselect id from unnest(@ids) id")
            .With("first", "-- param: most int\nselect n from generate_series(1, 100) n limit @most")
            .With("default", "-- param: most int = 2\nselect n from generate_series(1, 100) n limit @most")
            .With("optional", "-- param: name text = null\nselect coalesce(@name, 'none') as name")
            .With("given",
                "-- param: a text = null\n-- param: b numeric = null\n-- param: c boolean = null\n"
                + "-- param: d jsonb = null\n-- param: e text array = null\n-- param: f int[][] = null\n"
                + "-- param: g pg_catalog.jsonb[] = null\n-- param: h json = null\n"
                + "select @a as a, @b as b, @c as c, @d as d, @e as e, @f as f, @g as g, @h::text as h")
            .With("open", "-- access: anonymous\n-- param: text text\nselect length(@text) as length"),
        ("ChunkStream:MaxParameterBytes", "20000"));

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Theory]
    [InlineData("""{"a":"x\n\"\\'; drop"}""", """{"a":"x\n\"\\'; drop"}""")]
    [InlineData("""{"a":7,"b":1e3}""", """{"a":"7","b":1000}""")]
    [InlineData("""{"b":12345678901234567890.123456789012345678901234567890}""",
        """{"b":12345678901234567890.123456789012345678901234567890}""")]
    [InlineData("""{"a":1.50,"b":-1.50,"c":true}""", """{"a":"1.50","b":-1.50,"c":true}""")]
    [InlineData("""{"b":"1.0","c":"f","d":"{\"x\":1}"}""", """{"b":1.0,"c":false,"d":{"x": 1}}""")]
    [InlineData(
        """{"d":{"x":[1,null,"y"]},"h":[1, {"z":1.0}]}""",
        """{"d":{"x": [1, null, "y"]},"h":"[1, {\"z\":1.0}]"}""")]
    [InlineData("""{"e":["a,b","","NULL",null,"{\"\\}"," ä "]}""", """{"e":["a,b","","NULL",null,"{\"\\}"," ä "]}""")]
    [InlineData("""{"f":[[1,2],[3,null]],"e":[]}""", """{"e":[],"f":[[1,2],[3,null]]}""")]
    [InlineData("""{"f":"{{1},{2}}","e":[1,true,"x"]}""", """{"e":["1","true","x"],"f":[[1],[2]]}""")]
    [InlineData("""{"g":[{"x":1},[1,2],null,"\"t\"",3]}""", """{"g":[{"x": 1},[1, 2],null,"t",3]}""")]
    [InlineData("""{"A":null}""", "{}")]
    public async Task Values_of_JSON_reach_the_query_without_a_loss(string body, string expected)
    {
        using var response = await PostAsync("/api/queries/given", body);

        var row = JsonNode.Parse(await response.Content.ReadAsStringAsync().Within())!.AsObject();
        foreach (var name in row.Where(member => member.Value is null).Select(member => member.Key).ToArray())
            row.Remove(name);
        Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), row.ToJsonString());
    }

    [Fact]
    public async Task Parameters_that_are_too_long_for_a_URL_are_taken_and_resumed_in_every_format()
    {
        var body = $"{{\"ids\":[{string.Join(',', Enumerable.Range(1, 3000))}]}}";
        using var response = await PostAsync("/api/queries/ids?format=sse&limit=2500", body);
        Assert.Equal("no-store, no-transform", response.Headers.CacheControl!.ToString());
        var events = await response.Content.ReadAsStringAsync().Within();
        var token = events.Split('\n').Last(
            line => line.StartsWith("id: ", StringComparison.Ordinal) && line != "id: end")[4..];
        Assert.Contains("{\"id\":2500}", events, StringComparison.Ordinal);

        using var rest = await PostAsync($"/api/queries/ids?format=csv&limit=2500&resume={FirstToken(events)}", body);
        Assert.Equal(2500, (await rest.Content.ReadAsStringAsync().Within()).Split("\r\n").Length - 1);
        await RefusedAsync("/api/queries/ids?limit=2500&resume=" + token, "{\"ids\":[1]}", 400, "other parameters");
    }

    [Fact]
    public async Task Body_and_query_string_complement_each_other_and_mistakes_of_both_are_told_together()
    {
        using var both = await PostAsync("/api/queries/first?format=csv&limit=1", "{\"MOST\":5}");
        Assert.Equal("n\r\n1\r\n", await both.Content.ReadAsStringAsync().Within());
        using var query = await PostAsync("/api/queries/first?most=1", "{}");
        Assert.Equal("{\"n\":1}\n", await query.Content.ReadAsStringAsync().Within());

        await RefusedAsync("/api/queries/first?most=1", "{\"most\":2}", 400, "'most' is given 2 times");
        await RefusedAsync("/api/queries/first", "{\"most\":2,\"most\":2}", 400, "'most' is given 2 times");
        await RefusedAsync("/api/queries/first", "{}", 400, "'most' is missing");
        await RefusedAsync("/api/queries/first", "{\"most\":\"soon\"}", 400, "'most' must be of type int");
        await RefusedAsync("/api/queries/first", "{\"most\":1.5}", 400, "'most' must be of type int");
        var problem = await RefusedAsync(
            "/api/queries/first?other=1", "{\"limit\":1,\"code\":\"x\",\"most\":1,\"least\":0}", 400, "query string");
        Assert.Equal(
            ["code", "least", "limit", "other"],
            problem["errors"]!.AsArray().Select(error => (string)error!["parameter"]!).Order());
    }

    // "limit @most" is no limit if that is NULL, which no query string can give.
    [Fact]
    public async Task Null_is_taken_only_where_the_file_declares_it()
    {
        await RefusedAsync("/api/queries/first", "{\"most\":null}", 400, "'most' can't be null");
        await RefusedAsync("/api/queries/default", "{\"most\":null}", 400, "'most' can't be null");
        using var optional = await PostAsync("/api/queries/optional", "{\"name\":null}");
        Assert.Equal("{\"name\":\"none\"}\n", await optional.Content.ReadAsStringAsync().Within());
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("{\"most\":1", "not valid JSON, at line 1")]
    [InlineData("{\n\"most\":1,}", "not valid JSON, at line 2")]
    [InlineData("[1]", "must be a JSON object")]
    [InlineData("null", "must be a JSON object")]
    [InlineData("{\"most\":\"\\ud800\"}", "surrogate")]
    [InlineData("{\"\\ud800\":1}", "surrogate")]
    [InlineData("{\"most\":\"1\\u0000\"}", "null character")]
    [InlineData("{\"most\":[1]}", "must be of type int")]
    [InlineData("{\"most\":{}}", "must be of type int")]
    public async Task A_body_that_holds_no_parameters_is_refused(string body, string detail)
        => await RefusedAsync("/api/queries/first", body, 400, detail);

    [Fact]
    public async Task A_body_is_bounded_and_of_one_type()
    {
        var large = $"{{\"text\":\"{new string('x', 20_000)}\"}}";
        await RefusedAsync("/api/public/queries/open", large, 413, "at most 20000 bytes");
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/api/public/queries/open")
        {
            Content = new StringContent(large, Encoding.UTF8, "application/json"),
        };
        chunked.Headers.TransferEncodingChunked = true;
        using var refused = await _api.Client.SendAsync(chunked).Within();
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        using var fits = await PostAsync(
            "/api/public/queries/open", $"{{\"text\":\"{new string('x', 19_980)}\"}}");
        Assert.Equal("{\"length\":19980}\n", await fits.Content.ReadAsStringAsync().Within());

        foreach (var type in (string[])["text/plain", "application/json; charset=latin1", "application/x-json", ""])
        {
            var problem = await RefusedAsync("/api/queries/first", "{\"most\":1}", 415, "application/json", type);
            Assert.Equal("urn:chunkstream:unsupported-media-type", (string?)problem["type"]);
        }

        using var encoded = new HttpRequestMessage(HttpMethod.Post, "/api/queries/first")
        {
            Content = new StringContent("{\"most\":1}", Encoding.UTF8, "application/json"),
        };
        encoded.Content.Headers.ContentEncoding.Add("gzip");
        using var refusedEncoding = await _api.Client.SendAsync(encoded).Within();
        Assert.Equal(
            "urn:chunkstream:encoded-body", (string?)(await refusedEncoding.ProblemAsync())["type"]);

        // What is not there is said before the body is read.
        await RefusedAsync("/api/queries/none", large, 404, "There is no query");
        await RefusedAsync("/api/public/queries/first", large, 404, "There is no query");
    }

    [Fact]
    public async Task A_body_that_stops_coming_is_given_up()
    {
        var time = new FakeTimeProvider();
        using var files = new QueryFiles().With("open", "-- access: anonymous\n-- param: a text\nselect @a as a");
        await using var api = await LocalApi.StartAsync(time, files.Setting);

        var sent = RawRequest.SendAsync(
            new Uri(api.Origin),
            "POST /api/public/queries/open HTTP/1.1\nContent-Type: application/json\nContent-Length: 100",
            "{\"a\":"u8.ToArray());
        await Bounded.Until(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(10));
                return Task.FromResult(sent.IsCompleted);
            },
            "the body is given up");

        Assert.Equal(408, (await sent).Status);
    }

    private static string FirstToken(string events)
        => events.Split('\n').First(line => line.StartsWith("id: ", StringComparison.Ordinal))[4..];

    private Task<HttpResponseMessage> PostAsync(string path, string body, string type = "application/json")
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return _api.Client.PostAsync(path, content).Within();
    }

    private async Task<JsonNode> RefusedAsync(
        string path, string body, int status, string detail, string type = "application/json")
    {
        using var response = await PostAsync(path, body, type);
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        var problem = await response.ProblemAsync();
        Assert.Contains(detail, (string?)problem["detail"], StringComparison.Ordinal);
        return problem;
    }
}
