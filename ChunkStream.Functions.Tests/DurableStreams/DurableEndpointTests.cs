using System.Net;
using System.Text;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>What the conformance suite does not test: our own choices, limits, and what must never happen.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class DurableEndpointTests(RealPostgres postgres)
{
    private const string Text = "text/plain";
    private const string Json = "application/json";

    [Theory]
    [InlineData("'; drop table chunkstream.streams; --")]
    [InlineData("$$ || pg_sleep(9) || $$")]
    [InlineData("a\\'b\"c`d")]
    [InlineData("%s %d {0} :p @p ?")]
    [InlineData("100%")]
    [InlineData("ä/€/🐘/...")]
    [InlineData("a+b&c=d;e,f")]
    [InlineData("__DS/x")]
    [InlineData("a/__ds")]
    public async Task A_path_is_a_name_and_nothing_else(string name)
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = $"{DurableCalls.NewPath()}/{name}";
        var url = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

        using var created = await api.PutAsync(name == "__DS/x" ? "__DS/" + url : url, Text, "here");

        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal("here", await api.TextAsync(created.Headers.Location!.AbsolutePath));
        Assert.True(
            await postgres.ScalarAsync<bool>(
                $"select exists (select from chunkstream.streams where path like '%{name[^1]}')"));
    }

    [Fact]
    public async Task Messages_stay_as_they_came()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        const string First = """{ "n" : 12345678901234567890.10, "n": 1e400, "t":"\u00e4\ud800\/" }""";
        var path = await api.CreateAsync(Json, First);

        await api.AppendAsync(path, "application/json; charset=utf-8", "[ -0.0 ,\n[ [] ], \"ä\"]");

        Assert.Equal($"[{First},-0.0,[ [] ],\"ä\"]", await api.TextAsync(path));
        Assert.Equal("[-0.0,[ [] ],\"ä\"]", await api.TextAsync(path, "?offset=" + DurableCalls.Offset(1)));
    }

    [Theory]
    [InlineData(0, "hello world")]
    [InlineData(4, "o world")]
    [InlineData(5, " world")]
    [InlineData(10, "d")]
    [InlineData(11, "")]
    public async Task Reading_may_begin_in_the_middle_of_an_append(long position, string expected)
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Text, "hello");
        await api.AppendAsync(path, Text, " world");

        Assert.Equal(expected, await api.TextAsync(path, "?offset=" + DurableCalls.Offset(position)));
    }

    [Fact]
    public async Task An_offset_beyond_the_end_is_one_of_another_stream()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Text, "hello");

        foreach (var live in new[] { "", "&live=long-poll", "&live=sse" })
        {
            using var response = await api.ReadAsync(path, $"?offset={DurableCalls.Offset(6)}{live}");
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.Contains(
                "beyond", (await response.ProblemAsync())["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        }

        using var head = await api.HeadAsync($"/api/streams/{path}?offset={DurableCalls.Offset(6)}");
        Assert.Equal(HttpStatusCode.BadRequest, head.StatusCode);
    }

    [Fact]
    public async Task Head_tells_all_about_a_stream_and_sends_nothing()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync("text/markdown; charset=utf-8", "hello", ("Stream-TTL", "3600"));
        var expiring = await api.CreateAsync(Text, null, ("Stream-Expires-At", "2130-01-31T12:00:00.25+01:00"));
        using var closed = await api.PostAsync(expiring, headers: ("Stream-Closed", "TRUE"));

        using var head = await api.HeadAsync("/api/streams/" + path);
        using var closedHead = await api.HeadAsync("/api/streams/" + expiring);
        using var missing = await api.HeadAsync("/api/streams/" + path + "/nothing");

        Assert.Equal("text/markdown; charset=utf-8", head.Header("Content-Type"));
        Assert.Equal(DurableCalls.Offset(5), head.Header("Stream-Next-Offset"));
        Assert.Equal(
            ("3600", null, null),
            (head.Header("Stream-TTL"), head.Header("Stream-Expires-At"), head.Header("Stream-Closed")));
        Assert.Equal("no-store", head.Header("Cache-Control"));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        Assert.Equal(
            ("2130-01-31T11:00:00.25Z", "true"),
            (closedHead.Header("Stream-Expires-At"), closedHead.Header("Stream-Closed")));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Empty(await missing.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("/api/streams/")]
    [InlineData("/")]
    [InlineData("")]
    public async Task A_fork_names_its_source_with_or_without_the_prefix(string prefix)
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var source = await api.CreateAsync(Json, "[1,2,3]");
        var fork = DurableCalls.NewPath();

        using var forked = await api.PutAsync(
            fork, headers: [("Stream-Forked-From", prefix + source), ("Stream-Fork-Offset", DurableCalls.Offset(2))]);
        await api.AppendAsync(fork, Json, "[4]");

        Assert.Equal(HttpStatusCode.Created, forked.StatusCode);
        Assert.Equal(Json, forked.Header("Content-Type"));
        Assert.Equal("[1,2,4]", await api.TextAsync(fork));
        Assert.Equal("[1,2,3]", await api.TextAsync(source));
    }

    [Fact]
    public async Task A_fork_without_a_type_takes_first_content_as_its_source_would()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var source = await api.CreateAsync(Json, "[1]");
        var fork = DurableCalls.NewPath();

        using var invalid = await api.SendAsync(
            HttpMethod.Put, fork, null, "nothing"u8.ToArray(), ("Stream-Forked-From", source));
        using var forked = await api.SendAsync(
            HttpMethod.Put, fork, null, "[2,3]"u8.ToArray(), ("Stream-Forked-From", source));

        Assert.Equal(HttpStatusCode.BadRequest, invalid.StatusCode);
        Assert.Equal(HttpStatusCode.Created, forked.StatusCode);
        Assert.Equal("[1,2,3]", await api.TextAsync(fork));
    }

    [Fact]
    public async Task A_body_over_the_limit_is_refused_announced_or_not()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streams:MaxAppendBytes", "1000"));
        var path = await api.CreateAsync(Text);
        var chunk = Encoding.ASCII.GetBytes("1F4\r\n" + new string('x', 500) + "\r\n");

        using var fits = await api.PostAsync(path, Text, new string('x', 1000));
        using var announced = await api.PostAsync(path, Text, new string('x', 1001));
        // The chunked body never ends; an answer comes all the same.
        var chunked = await RawRequest.SendAsync(
            api.Client.BaseAddress!,
            $"POST /api/streams/{path} HTTP/1.1\nContent-Type: {Text}\nTransfer-Encoding: chunked",
            [.. chunk, .. chunk, .. chunk]);

        Assert.Equal(HttpStatusCode.NoContent, fits.StatusCode);
        Assert.Equal("urn:chunkstream:body-too-large", (await announced.ProblemAsync())["type"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, announced.StatusCode);
        Assert.Equal(413, chunked.Status);
        Assert.Equal(1000, (await api.TextAsync(path)).Length);
    }

    [Fact]
    public async Task Who_sends_too_much_hears_why()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Text);

        for (var n = 0; n < 5; n++)
        {
            using var response = await api.SendAsync(HttpMethod.Post, path, Text, new byte[20_000_000]);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        }
    }

    [Fact]
    public async Task The_servers_own_limit_does_not_bound_ours()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streams:MaxAppendBytes", "40000000"));
        var path = await api.CreateAsync("application/octet-stream");

        using var response = await api.SendAsync(
            HttpMethod.Post, path, "application/octet-stream", new byte[35_000_000]);

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(DurableCalls.Offset(35_000_000), response.Header("Stream-Next-Offset"));
    }

    [Fact]
    public async Task A_chunked_body_is_appended_whole_and_a_broken_one_not_at_all()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Text);
        var head = $"POST /api/streams/{path} HTTP/1.1\nContent-Type: {Text}\nTransfer-Encoding: chunked";

        var whole = await RawRequest.SendAsync(
            api.Client.BaseAddress!, head, "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"u8.ToArray());
        var broken = await RawRequest.SendAsync(api.Client.BaseAddress!, head, "5\r\nhello\r\nnonsense"u8.ToArray());

        Assert.Equal((204, 400), (whole.Status, broken.Status));
        Assert.Equal("hello!", await api.TextAsync(path));
    }

    [Theory]
    [InlineData("[]", 400, "empty")]
    [InlineData("[1,", 400, "line 1")]
    [InlineData("", 400, "empty")]
    [InlineData("[1,2,3,4]", 413, "3 messages")]
    public async Task What_is_no_append_to_a_JSON_stream_is_refused(string body, int status, string detail)
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streams:MaxAppendMessages", "3"));
        var path = await api.CreateAsync(Json);

        using var response = await api.PostAsync(path, Json, body);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(
            detail, (await response.ProblemAsync())["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("[]", await api.TextAsync(path));
    }

    [Fact]
    public async Task The_public_route_is_closed_unless_it_is_opened_and_only_reads()
    {
        await using var closed = await LocalApi.StartAsync(postgres.ConnectionString, functionKey: "key");
        await using var open = await LocalApi.StartAsync(
            postgres.ConnectionString, functionKey: "key", settings: ("ChunkStream:Streams:PublicReading", "true"));
        var path = DurableCalls.NewPath();
        using var created = await open.PutAsync(path, Text, "hello", ("x-functions-key", "key"));

        using var refused = await closed.ReadAsync("/api/public/streams/" + path);
        using var read = await open.ReadAsync("/api/public/streams/" + path);
        using var head = await open.HeadAsync("/api/public/streams/" + path);
        using var written = await open.PostAsync("/api/public/streams/" + path, Text, "more");
        using var withoutKey = await open.ReadAsync(path);
        using var withKey = await open.ReadAsync(path, "?code=key");

        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Equal("urn:chunkstream:not-public", (await refused.ProblemAsync())["type"]!.GetValue<string>());
        Assert.Equal("hello", await read.Content.ReadAsStringAsync());
        Assert.Equal("public, max-age=60, stale-while-revalidate=300", read.Header("Cache-Control"));
        Assert.Equal("cross-origin", read.Header("Cross-Origin-Resource-Policy"));
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, written.StatusCode);
        Assert.Equal("urn:chunkstream:not-signed-in", (await written.ProblemAsync())["type"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.Unauthorized, withoutKey.StatusCode);
        Assert.Equal("private, max-age=60, stale-while-revalidate=300", withKey.Header("Cache-Control"));
        Assert.Equal("same-origin", withKey.Header("Cross-Origin-Resource-Policy"));
    }

    [Fact]
    public async Task A_cache_keeps_data_but_asks_where_there_are_none_yet()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Text, "hello", ("Stream-TTL", "30"));
        var tail = "?offset=" + DurableCalls.Offset(5);

        using var data = await api.ReadAsync(path);
        using var nothingYet = await api.ReadAsync(path, tail);
        using var now = await api.ReadAsync(path, "?offset=now");
        using var known = await api.ReadAsync(path, tail, ("If-None-Match", nothingYet.Header("ETag")!));
        using var closing = await api.PostAsync(path, headers: ("Stream-Closed", "true"));
        using var closed = await api.ReadAsync(path, tail, ("If-None-Match", nothingYet.Header("ETag")!));

        Assert.Equal("private, max-age=30", data.Header("Cache-Control"));
        Assert.Equal("private, no-cache", nothingYet.Header("Cache-Control"));
        Assert.Equal(("no-store", null), (now.Header("Cache-Control"), now.Header("ETag")));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        Assert.Equal((HttpStatusCode.OK, "true"), (closed.StatusCode, closed.Header("Stream-Closed")));
    }

    [Fact]
    public async Task What_a_browser_is_led_to_is_not_run()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync("text/html", "<script>alert(1)</script>");

        using var response = await api.ReadAsync(path);

        Assert.Equal("default-src 'none'; sandbox", response.Header("Content-Security-Policy"));
        Assert.Equal("nosniff", response.Header("X-Content-Type-Options"));
    }

    [Fact]
    public async Task Text_is_compressed_for_who_takes_it_and_has_the_same_tag()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync(Text, new string('x', 10_000));

        using var plain = await api.ReadAsync(path);
        using var compressed = await api.ReadAsync(path, "", ("Accept-Encoding", "gzip"));
        using var known = await api.ReadAsync(
            path, "", ("Accept-Encoding", "gzip"), ("If-None-Match", compressed.Header("ETag")!));

        Assert.Equal("10000", plain.Header("Content-Length"));
        Assert.Equal("gzip", compressed.Header("Content-Encoding"));
        Assert.Equal("W/" + plain.Header("ETag"), compressed.Header("ETag"));
        Assert.InRange((await compressed.Content.ReadAsByteArrayAsync()).Length, 10, 1000);
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
    }

    [Fact]
    public async Task A_page_of_another_origin_may_read_the_protocols_headers()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:LocalHost:CorsOrigins", "https://app.example"));
        var path = await api.CreateAsync(Text, "hello");

        using var response = await api.ReadAsync(path, "", ("Origin", "https://app.example"));
        using var request = new HttpRequestMessage(HttpMethod.Options, "/api/streams/" + path)
        {
            Headers =
            {
                { "Origin", "https://app.example" },
                { "Access-Control-Request-Method", "PUT" },
                { "Access-Control-Request-Headers", "stream-ttl" },
            },
        };
        using var preflight = await api.Client.SendAsync(request).Within();

        var exposed = response.Header("Access-Control-Expose-Headers")!.Split(',');
        Assert.Superset(
            new HashSet<string>(
            [
                "Stream-Next-Offset", "Stream-Cursor", "Stream-Up-To-Date", "Stream-Closed", "Producer-Expected-Seq",
                "ETag",
            ]),
            exposed.ToHashSet());
        Assert.Contains("PUT", preflight.Header("Access-Control-Allow-Methods"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_database_it_is_said_at_once()
    {
        await using var api = await LocalApi.StartAsync();

        HttpMethod[] methods = [HttpMethod.Get, HttpMethod.Head, HttpMethod.Put, HttpMethod.Post, HttpMethod.Delete];
        foreach (var method in methods)
        {
            using var response = await api.SendAsync(method, "a", Text, "x"u8.ToArray());
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            Assert.NotNull(response.Header("Retry-After"));
        }
    }
}
