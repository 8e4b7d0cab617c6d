using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Endpoints;

/// <summary>What a query file declares, and what a request asks of it.</summary>
[Collection(RealPostgres.Collection)]
public sealed class QueryEndpointTests(RealPostgres postgres)
{
    [Fact]
    public async Task A_limit_ends_the_stream_as_complete()
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, "select 1 as n from generate_series(1, 30000) n, generate_series(1, 30000) m");

        Assert.Equal(
            """{"schema":{"columns":[{"name":"n","type":"int4"}],"estimatedRows":2,"checkpoints":false}}""" + "\n{\"row\":{\"n\":1}}\n{\"row\":{\"n\":1}}\n{\"end\":{\"rows\":2,\"continue\":null}}\n",
            await api.Client.GetStringAsync("/api/db-stream?format=frames&limit=2").Within());
    }

    [Fact]
    public async Task About_how_many_rows_there_will_be_is_told_in_the_schema_and_in_a_header()
    {
        await postgres.ExecuteAsync("drop table if exists estimated; create table estimated as select n as id from generate_series(1, 5000) n; analyze estimated");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, "-- key: id\n-- param: from bigint = 1\nselect id from estimated where id >= @from");
        using var response = await api.GetAsync("/api/db-stream?format=frames");

        var schema = JsonNode.Parse((await response.Content.ReadAsStringAsync().Within()).Split('\n')[0])!["schema"]!;

        Assert.Equal(5000, (int)schema["estimatedRows"]!);
        Assert.Equal("5000", Assert.Single(response.Headers.GetValues("ChunkStream-Estimated-Rows")));
        using var half = await api.GetAsync("/api/db-stream?from=2500");
        Assert.InRange(int.Parse(half.Headers.GetValues("ChunkStream-Estimated-Rows").Single(), System.Globalization.CultureInfo.InvariantCulture), 2400, 2600);
    }

    [Theory]
    [InlineData("-- key: id\n", true)]
    [InlineData("", false)]
    public async Task Whether_checkpoints_will_come_is_told_in_the_schema(string header, bool expected)
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, header + "select n as id from generate_series(1, 20000) n");

        var frames = (await api.Client.GetStringAsync("/api/db-stream?format=frames").Within()).Split('\n')[..^1].Select(line => JsonNode.Parse(line)!).ToArray();
        var events = await api.Client.GetStringAsync("/api/db-stream?format=sse").Within();

        Assert.Equal(expected, (bool)frames[0]["schema"]!["checkpoints"]!);
        Assert.Equal(expected, frames.Any(frame => frame["checkpoint"] is not null));
        Assert.Equal(expected, events.Contains("\"checkpoints\":true", StringComparison.Ordinal));
        Assert.Equal(expected, events.Contains("}\nid: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_query_with_more_rows_than_it_declares_fails_and_never_looks_whole()
    {
        var files = new QueryFiles()
            .With("large_table", "-- max-rows: 10\nselect n from generate_series(1, 11) n")
            .With("fits", "-- max-rows: 10\nselect n from generate_series(1, 10) n");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, files);

        Assert.Equal(10, (await api.Client.GetStringAsync("/api/queries/fits").Within()).Count(c => c == '\n'));
        Assert.Equal(10, (await api.Client.GetStringAsync("/api/db-stream?limit=10").Within()).Count(c => c == '\n'));
        using var response = await api.GetAsync("/api/db-stream?format=frames");
        await using var body = await response.Content.ReadAsStreamAsync();
        var text = "";
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await body.ReadSomeAsync() is { Length: > 0 } more)
                text += more;
        });
        Assert.Equal(10, text.Split("{\"row\":").Length - 1);
        Assert.Contains("urn:chunkstream:too-many-rows", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_that_takes_longer_for_a_row_than_it_declares_is_ended()
    {
        var files = new QueryFiles()
            .With("large_table", "-- timeout: 300ms\nselect pg_sleep(600)::text as a")
            .With("later", "-- timeout: 1s\nselect n, case when n > 20 then pg_sleep(600) end::text as a from generate_series(1, 30) n")
            .With("slow-in-all", "-- timeout: 2s\nselect n, pg_sleep(0.25)::text as a from generate_series(1, 10) n");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, files);
        var clock = Stopwatch.StartNew();

        using var response = await api.GetAsync("/api/db-stream");
        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Equal("urn:chunkstream:query-timeout", (string?)(await response.ProblemAsync())["type"]);

        using var later = await api.GetAsync("/api/queries/later?format=frames");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => later.Content.ReadAsStringAsync().Within());
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await postgres.AssertNothingRunsAsync(TimeSpan.FromSeconds(1));

        Assert.Equal(10, (await api.Client.GetStringAsync("/api/queries/slow-in-all").Within()).Count(c => c == '\n'));
    }

    [Fact]
    public async Task Exact_numbers_are_strings_in_JSON()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            "select 9007199254740993::int8 as a, 0.1::numeric as b, 'NaN'::numeric as c, 7 as d, 0.5::float8 as e, null::int8 as f, array[1, null, -9223372036854775808]::int8[] as g, '{{1.50},{2}}'::numeric[] as h");

        Assert.Equal(
            """{"a":"9007199254740993","b":"0.1","c":"NaN","d":7,"e":0.5,"f":null,"g":["1",null,"-9223372036854775808"],"h":[["1.50"],["2"]]}""" + "\n",
            await api.Client.GetStringAsync("/api/db-stream?numbers=exact").Within());
        Assert.StartsWith("""{"a":9007199254740993,"b":0.1,"c":"NaN",""", await api.Client.GetStringAsync("/api/db-stream?numbers=plain").Within(), StringComparison.Ordinal);
        Assert.StartsWith("a,b,c,d,e,f,g,h\r\n9007199254740993,0.1,NaN,7,0.5,,", await api.Client.GetStringAsync("/api/db-stream?numbers=exact&format=csv").Within(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_needs_a_key_unless_it_declares_that_it_does_not()
    {
        using var files = new QueryFiles().With("open", "-- access: anonymous\nselect 1 as a").With("closed", "select 2 as a");
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, functionKey: "secret", settings: files.Setting);

        Assert.Equal("{\"a\":1}\n", await api.Client.GetStringAsync("/api/public/queries/open").Within());
        Assert.Equal("{\"a\":1}\n", await api.Client.GetStringAsync("/api/queries/open?code=secret").Within());
        Assert.Equal("{\"a\":2}\n", await api.Client.GetStringAsync("/api/queries/closed?code=secret").Within());
        foreach (var (path, status) in new[]
        {
            ("/api/queries/open", HttpStatusCode.Unauthorized),
            ("/api/queries/closed", HttpStatusCode.Unauthorized),
            ("/api/queries", HttpStatusCode.Unauthorized),
            ("/api/public/queries/closed", HttpStatusCode.NotFound),
            ("/api/public/queries/nothing", HttpStatusCode.NotFound),
        })
        {
            using var response = await api.GetAsync(path);
            Assert.Equal(status, response.StatusCode);
            await response.ProblemAsync();
        }
    }

    [Theory]
    [InlineData("-- plan: whole\n", "1")]
    [InlineData("-- plan: first-row\n", "0.01")]
    [InlineData("", "1")]
    [InlineData("-- key: f\n", "0.01")]
    public async Task A_cursor_is_planned_for_what_the_file_declares(string header, string fraction)
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            header + "select current_setting('cursor_tuple_fraction') as f, current_setting('transaction_read_only') as r, current_setting('TimeZone') as z");

        Assert.Equal($$"""{"f":"{{fraction}}","r":"on","z":"UTC"}""" + "\n", await api.Client.GetStringAsync("/api/db-stream").Within());
    }
}
