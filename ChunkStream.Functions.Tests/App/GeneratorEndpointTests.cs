using System.Diagnostics;
using System.Net;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.App;

public sealed class GeneratorEndpointTests : IAsyncLifetime
{
    private LocalApi _api = null!;

    public async Task InitializeAsync() => _api = await LocalApi.StartAsync();

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Theory]
    [InlineData(
        "/api/lines?count=3&intervalMs=1000", "text/plain; charset=utf-8",
        new[] { "Line 0\n", "Line 1\n", "Line 2\n" })]
    [InlineData("/api/messages?count=2&intervalMs=1000", "application/x-ndjson; charset=utf-8", new[]
    {
        "{\"number\":0,\"text\":\"Message 0\"}\n", "{\"number\":1,\"text\":\"Message 1\"}\n",
    })]
    public async Task Each_item_arrives_by_itself_when_it_is_made(string path, string contentType, string[] items)
    {
        var clock = Stopwatch.StartNew();
        using var response = await _api.GetAsync(path);
        Assert.Equal(contentType, response.Content.Headers.ContentType!.ToString());
        await using var body = await response.Content.ReadAsStreamAsync();

        foreach (var (index, item) in items.Index())
        {
            Assert.Equal(item, await body.ReadSomeAsync());
            Assert.True(
                clock.Elapsed > TimeSpan.FromMilliseconds((1000 * index) - 100),
                $"Item {index} came after {clock.Elapsed}.");
        }

        Assert.Equal("", await body.ReadSomeAsync());
    }

    [Fact]
    public async Task Without_parameters_there_are_ten_lines_and_five_JSON_items()
    {
        Assert.Equal(10, (await _api.Client.GetStringAsync("/api/lines?intervalMs=0").Within()).Count(c => c == '\n'));
        Assert.Equal(
            5, (await _api.Client.GetStringAsync("/api/messages?intervalMs=0").Within()).Count(c => c == '\n'));
    }

    [Fact]
    public async Task A_million_lines_come_whole()
    {
        var text = await _api.Client.GetStringAsync("/api/lines?count=1000000&intervalMs=0").Within();

        Assert.Equal(Enumerable.Range(0, 1_000_000).Select(number => $"Line {number}"), text.Split('\n')[..^1]);
    }

    [Fact]
    public async Task A_thousand_mistakes_draw_an_answer_that_names_some_and_counts_the_others()
    {
        var many = string.Join('&', Enumerable.Range(0, 1000).Select(number => $"p{number}=1"));
        using var response = await _api.GetAsync($"/api/lines?{many}&{new string('x', 1000)}=1");
        var problem = await response.ProblemAsync();

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(20, problem["errors"]!.AsArray().Count);
        Assert.EndsWith("And 981 more.", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.InRange(response.Content.Headers.ContentLength!.Value, 1000, 8000);

        using var longest = await _api.GetAsync($"/api/lines?{new string('x', 7000)}=1");
        await longest.ProblemAsync();
        Assert.InRange(longest.Content.Headers.ContentLength!.Value, 100, 1000);
    }

    [Theory]
    [InlineData("/api/lines")]
    [InlineData("/api/messages")]
    [InlineData("/api/db-stream")]
    public async Task Proxies_are_told_to_keep_their_hands_off(string path)
    {
        using var response = await _api.HeadAsync(path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("no-store", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.Contains("no-transform", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.Equal("no", Assert.Single(response.Headers.GetValues("X-Accel-Buffering")));
    }

    [Theory]
    [InlineData("count=0", "count", "from 1 to 1000000")]
    [InlineData("count=1000001", "count", "from 1 to 1000000")]
    [InlineData("count=-1", "count", "from 1 to 1000000")]
    [InlineData("count=99999999999999999999", "count", "from 1 to 1000000")]
    [InlineData("count=ten", "count", "'ten'")]
    [InlineData("count=", "count", "from 1 to 1000000")]
    [InlineData("count=1.5", "count", "from 1 to 1000000")]
    [InlineData("intervalMs=-1", "intervalMs", "from 0 to 60000")]
    [InlineData("intervalMs=60001", "intervalMs", "from 0 to 60000")]
    [InlineData("intervalMs=0%00", "intervalMs", "from 0 to 60000")]
    [InlineData("counts=5", "counts", "'count', 'intervalMs', 'format'")]
    [InlineData("count=1&count=2", "count", "once")]
    public async Task A_bad_parameter_is_named_with_its_range(string query, string parameter, string said)
    {
        foreach (var path in new[] { "/api/lines", "/api/messages" })
        {
            using var response = await _api.GetAsync($"{path}?{query}");

            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            var problem = await response.ProblemAsync();
            var error = Assert.Single(problem["errors"]!.AsArray())!;
            Assert.Equal(parameter, (string?)error["parameter"]);
            Assert.Contains(said, (string?)error["detail"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task All_mistakes_are_told_at_once()
    {
        using var response = await _api.GetAsync("/api/lines?count=0&intervalMs=x&foo=1");

        Assert.Equal(3, (await response.ProblemAsync())["errors"]!.AsArray().Count);
    }

    [Fact]
    public async Task What_hosts_and_browser_libraries_add_is_no_unknown_parameter()
    {
        Assert.Equal(
            "Line 0\n",
            await _api.Client.GetStringAsync(
                "/api/lines?count=1&code=a-key&clientId=default&_=1764150000000&lastEventId=").Within());
        using var health = await _api.GetAsync("/api/health?_=1");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
    }

    [Fact]
    public async Task A_HEAD_is_refused_as_its_GET_would_be()
    {
        foreach (var path in new[]
        {
            "lines?count=0", "messages?count=zz", "lines?foo=1", "lines?format=xml", "lines?format=json&bom=1",
            "lines?download=a/b", "lines?count=1&record=a%00b",
            "messages?format=sse&lastEventId=42", "queries?x=1", "queries/none", "public/queries/none", "health?x=1",
            "db-stream?limit=0", "db-stream?resume=x",
        })
        {
            using var get = await _api.GetAsync("/api/" + path);
            using var head = await _api.HeadAsync("/api/" + path);

            Assert.InRange((int)get.StatusCode, 400, 406);
            Assert.Equal((path, get.StatusCode), (path, head.StatusCode));
            Assert.Equal((path, get.Content.Headers.ContentType), (path, head.Content.Headers.ContentType));
            Assert.Equal((path, get.Content.Headers.ContentLength), (path, head.Content.Headers.ContentLength));
        }
    }

    [Theory]
    [InlineData("lines?download", "attachment; filename=lines.txt; filename*=UTF-8''lines.txt")]
    [InlineData(
        "messages?format=csv&download=setup.bat", "attachment; filename=setup.bat.csv; filename*=UTF-8''setup.bat.csv")]
    [InlineData("messages?format=csv&download=Fl%C3%BCge%202.CSV", "filename*=UTF-8''Fl%C3%BCge%202.CSV")]
    [InlineData("messages?download=rows", "attachment; filename=rows.ndjson; filename*=UTF-8''rows.ndjson")]
    public async Task A_browser_is_told_to_save_a_file_of_the_formats_kind(string path, string disposition)
    {
        path = $"/api/{path}&count=1";
        foreach (var response in new[] { await _api.GetAsync(path), await _api.HeadAsync(path) })
        {
            Assert.Contains(
                disposition, Assert.Single(response.Content.Headers.GetValues("Content-Disposition")),
                StringComparison.Ordinal);
            response.Dispose();
        }

        using var plain = await _api.GetAsync("/api/messages?count=1&format=csv");
        Assert.False(plain.Content.Headers.Contains("Content-Disposition"));
    }

    [Theory]
    [InlineData("text/plain", "text/plain; charset=utf-8")]
    [InlineData("application/x-ndjson", "application/x-ndjson; charset=utf-8")]
    [InlineData("application/ndjson", "application/ndjson; charset=utf-8")]
    [InlineData("Application/JSONL, */*;q=0.1", "application/jsonl; charset=utf-8")]
    [InlineData("application/jsonlines;q=0.5, application/x-ndjson;q=0.5", "application/x-ndjson; charset=utf-8")]
    [InlineData(
        "application/json-lines;q=0.9, application/json;q=0.8, text/plain;q=0.7",
        "application/json-lines; charset=utf-8")]
    [InlineData("application/x-ndjson;q=0, application/*", "application/json")]
    [InlineData("application/vnd.chunkstream+ndjson", "application/vnd.chunkstream+ndjson; charset=utf-8")]
    [InlineData(
        "application/ndjson;q=0.5, application/vnd.chunkstream+ndjson",
        "application/vnd.chunkstream+ndjson; charset=utf-8")]
    [InlineData("application/csv", "application/csv; charset=utf-8; header=present")]
    [InlineData("text/event-stream", "text/event-stream; charset=utf-8")]
    [InlineData("*/*", "text/plain; charset=utf-8")]
    [InlineData("application/*, text/plain;q=0.5", "application/x-ndjson; charset=utf-8")]
    [InlineData("text/plain;q=0.1, application/x-ndjson;q=0.9", "application/x-ndjson; charset=utf-8")]
    [InlineData("text/plain;q=0, */*", "application/x-ndjson; charset=utf-8")]
    public async Task The_Accept_header_chooses_the_format(string accept, string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/lines?count=1");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await _api.Client.SendAsync(request).Within();

        Assert.Equal(contentType, response.Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task EventSource_is_told_to_stop_when_it_comes_back_after_the_end()
    {
        foreach (var (id, status) in new[] { ("end", HttpStatusCode.NoContent), ("42", HttpStatusCode.BadRequest) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/messages?format=sse&count=1");
            request.Headers.Add("Last-Event-ID", id);
            using var response = await _api.Client.SendAsync(request).Within();

            Assert.Equal(status, response.StatusCode);
            foreach (var parameter in new[] { "lastEventId", "lastEventID", "Last-Event-ID" })
            {
                using var byParameter = await _api.GetAsync($"/api/messages?format=sse&count=1&{parameter}={id}");
                Assert.Equal(status, byParameter.StatusCode);
            }
        }

        Assert.Contains(
            "id: end\n", await _api.Client.GetStringAsync("/api/messages?format=sse&count=1").Within(),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/lines?format=csv", "value\r\nLine 0\r\n")]
    [InlineData("/api/messages?format=csv", "number,text\r\n0,Message 0\r\n")]
    [InlineData("/api/messages?format=json", "[\n{\"number\":0,\"text\":\"Message 0\"}\n]\n")]
    [InlineData("/api/lines?format=ndjson", "\"Line 0\"\n")]
    [InlineData("/api/messages?format=text", "{\"number\":0,\"text\":\"Message 0\"}\n")]
    public async Task The_format_parameter_chooses_the_format(string path, string body)
        => Assert.Equal(body, await _api.Client.GetStringAsync(path + "&count=1").Within());

    [Theory]
    [InlineData("image/png", "")]
    [InlineData("application/json-seq", "")]
    [InlineData("application/vnd.other+ndjson", "")]
    [InlineData("application/problem+json", "")]
    [InlineData("text/plain;q=0", "")]
    [InlineData("not a media type", "")]
    [InlineData("*/*", "&format=xml")]
    public async Task A_format_that_there_is_not_is_refused_with_the_choices(string accept, string query)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/lines?count=1" + query);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await _api.Client.SendAsync(request).Within();

        Assert.Equal(HttpStatusCode.NotAcceptable, response.StatusCode);
        var problem = await response.ProblemAsync();
        Assert.Contains("ndjson (application/x-ndjson)", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.Contains("text (text/plain", (string?)problem["detail"], StringComparison.Ordinal);
    }
}
