using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Queries;

namespace ChunkStream.Functions.Tests.App;

/// <summary>What a query file declares, and what a request asks of it.</summary>
[Collection(RealPostgres.Collection)]
public sealed partial class QueryEndpointTests(RealPostgres postgres)
{
    [Fact]
    public async Task A_limit_ends_the_stream_as_complete()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, "select 1 as n from generate_series(1, 30000) n, generate_series(1, 30000) m");

        Assert.Equal(
            """{"schema":{"columns":[{"name":"n","type":"int4"}],"estimatedRows":2,"checkpoints":false}}"""
                + "\n{\"row\":{\"n\":1}}\n{\"row\":{\"n\":1}}\n{\"end\":{\"rows\":2,\"continue\":null}}\n",
            await api.Client.GetStringAsync("/api/db-stream?format=frames&limit=2").Within());
    }

    [Fact]
    public async Task About_how_many_rows_there_will_be_is_told_in_the_schema_and_in_a_header()
    {
        await postgres.ExecuteAsync(
            "drop table if exists estimated; "
            + "create table estimated as select n as id from generate_series(1, 5000) n; analyze estimated");
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            "-- key: id\n-- param: from bigint = 1\nselect id from estimated where id >= @from");
        using var response = await api.GetAsync("/api/db-stream?format=frames");

        var schema = JsonNode.Parse((await response.Content.ReadAsStringAsync().Within()).Split('\n')[0])!["schema"]!;

        Assert.Equal(5000, (int)schema["estimatedRows"]!);
        Assert.Equal("""["id"]""", schema["key"]!.ToJsonString());
        Assert.Equal("5000", Assert.Single(response.Headers.GetValues("ChunkStream-Estimated-Rows")));
        using var half = await api.GetAsync("/api/db-stream?from=2500");
        Assert.InRange(
            int.Parse(
                half.Headers.GetValues("ChunkStream-Estimated-Rows").Single(),
                System.Globalization.CultureInfo.InvariantCulture),
            2400, 2600);
    }

    [Theory]
    [InlineData("-- key: id\n", true)]
    [InlineData("", false)]
    public async Task Whether_checkpoints_will_come_is_told_in_the_schema(string header, bool expected)
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, header + "select n as id from generate_series(1, 20000) n");

        var frames = (await api.Client.GetStringAsync("/api/db-stream?format=frames").Within())
            .Split('\n')[..^1]
            .Select(line => JsonNode.Parse(line)!)
            .ToArray();
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
            .With("rows", "-- max-rows: 10\nselect n from generate_series(1, 11) n")
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
            .With("rows", "-- timeout: 300ms\nselect pg_sleep(600)::text as a")
            .With(
                "later",
                "-- timeout: 1s\n"
                + "select n, case when n > 20 then pg_sleep(600) end::text as a from generate_series(1, 30) n")
            .With("slow-in-all", "-- timeout: 2s\nselect n, pg_sleep(0.25)::text as a from generate_series(1, 10) n");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, files);

        using var response = await api.GetAsync("/api/db-stream");
        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Equal("urn:chunkstream:query-timeout", (string?)(await response.ProblemAsync())["type"]);

        using var later = await api.GetAsync("/api/queries/later?format=frames");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => later.Content.ReadAsStringAsync().Within());
        await postgres.AssertNothingRunsAsync();

        Assert.Equal(10, (await api.Client.GetStringAsync("/api/queries/slow-in-all").Within()).Count(c => c == '\n'));
    }

    [Fact]
    public async Task Exact_numbers_are_strings_in_JSON()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            "select 9007199254740993::int8 as a, 0.1::numeric as b, 'NaN'::numeric as c, 7 as d, 0.5::float8 as e, "
            + "null::int8 as f, array[1, null, -9223372036854775808]::int8[] as g, '{{1.50},{2}}'::numeric[] as h");

        Assert.Equal(
            """{"a":"9007199254740993","b":"0.1","c":"NaN","d":7,"e":0.5,"f":null"""
            + ""","g":["1",null,"-9223372036854775808"],"h":[["1.50"],["2"]]}""" + "\n",
            await api.Client.GetStringAsync("/api/db-stream?numbers=exact").Within());
        Assert.StartsWith(
            """{"a":9007199254740993,"b":0.1,"c":"NaN",""",
            await api.Client.GetStringAsync("/api/db-stream?numbers=plain").Within(), StringComparison.Ordinal);
        Assert.StartsWith(
            "a,b,c,d,e,f,g,h\r\n9007199254740993,0.1,NaN,7,0.5,,",
            await api.Client.GetStringAsync("/api/db-stream?numbers=exact&format=csv").Within(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exact_numbers_are_strings_wherever_a_type_has_them_inside()
    {
        await postgres.ExecuteAsync(
            """
            drop schema if exists exact cascade; create schema exact;
            create domain exact.amount as numeric; create domain exact.many as exact.amount[];
            """
            + """
             create domain exact.total as exact.amount;
            create type exact.item as (id bigint, "a ""n" text, price exact.total, small int, other json);
            create domain exact.checked as exact.item;
            create type exact.invoice as (items exact.item[], sums exact.many, plain text[], none exact.checked);
            create table exact.tree (id bigint, dropped int, invoices exact.invoice[]);
            """
            + " alter table exact.tree drop dropped;");
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            """
            select array[1.50, null, 'NaN']::exact.amount[] as a, '[2:3][1:2]={{1,2},{3,4}}'::exact.total[] as b,
            """
            + """
             '{5}'::exact.many as c,
              row(9007199254740993, 'x"1', 0.10, 3, '{"id": 1,
              "price":2}')::exact.item as e,
            """
            + """
             array[row(array[row(8, null, null, 4, '[5]')::exact.item], '{9}', '{10}', null)]::exact.invoice[] as f,
              row(1, array[row(null, '{2}', null, null)::exact.invoice])::exact.tree as g, int8range(1, 5) as h,
            """
            + """ array[1, 2] as i, '{"n": 1}'::jsonb as j, null::exact.item as k""");

        const string Exact =
            """
            {"a":["1.50",null,"NaN"],"b":[["1","2"],["3","4"]],"c":["5"],
            "e":{"id":"9007199254740993","a \"n":"x\"1","price":"0.10","small":3,"other":{"id": 1,   "price":2}},
            "f":[{"items":[{"id":"8","a \"n":null,"price":null,"small":4,"other":[5]}],
            """
            + """
            "sums":["9"],"plain":["10"],"none":null}],
            "g":{"id":"1","invoices":[{"items":null,"sums":["2"],"plain":null,"none":null}]},
            "h":"[1,5)","i":[1,2],"j":{"n": 1},"k":null}

            """;
        Assert.Equal(
            Exact.ReplaceLineEndings(""),
            (await api.Client.GetStringAsync("/api/db-stream?numbers=exact").Within()).TrimEnd());
        Assert.Contains(
            "\"[\"\"1.50\"\",null,\"\"NaN\"\"]\",",
            await api.Client.GetStringAsync("/api/db-stream?numbers=exact&format=csv").Within(),
            StringComparison.Ordinal);
        Assert.StartsWith(
            """{"a":[1.50,null,"NaN"],"b":[[1,2],[3,4]],""", await api.Client.GetStringAsync("/api/db-stream").Within(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timeout_of_the_databases_own_holds_for_the_work_that_it_does_for_a_row()
    {
        var files = new QueryFiles()
            .With("slow", "-- timeout: 1h\nselect n, pg_sleep(600)::text as a from generate_series(1, 3) n")
            .With(
                "slow-later",
                "select n, case when n > 20 then pg_sleep(600) end::text as a from generate_series(1, 30) n")
            .With("shorter", "-- timeout: 200ms\nselect pg_sleep(600)::text as a")
            .With("slow-in-all", "select n, pg_sleep(0.3)::text as a from generate_series(1, 6) n")
            .With("wide", "select n, repeat('x', 20000) as a from generate_series(1, 1000) n");
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString + ";Options=-c statement_timeout=1500", files);

        foreach (var name in new[] { "slow", "shorter" })
        {
            using var refused = await api.GetAsync($"/api/queries/{name}");
            Assert.Equal((name, HttpStatusCode.GatewayTimeout), (name, refused.StatusCode));
            Assert.Equal("urn:chunkstream:query-timeout", (string?)(await refused.ProblemAsync())["type"]);
        }

        // The time that a slow reader takes does not count as the database's.
        using var paused = await api.GetAsync("/api/queries/wide");
        await using var body = await paused.Content.ReadAsStreamAsync();
        using var lines = new StreamReader(body);
        Assert.NotNull(await lines.ReadLineAsync().Within());
        using var later = await api.GetAsync("/api/queries/slow-later");
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => later.Content.ReadAsStringAsync().Within());
        Assert.Equal(6, (await api.Client.GetStringAsync("/api/queries/slow-in-all").Within()).Count(c => c == '\n'));
        Assert.Equal(999, (await lines.ReadToEndAsync().Within()).Count(c => c == '\n'));
    }

    [Fact]
    public async Task A_cursors_volatile_functions_see_the_snapshot_that_its_rows_are_of()
    {
        await postgres.ExecuteAsync(
            """
            drop schema if exists volatile_functions cascade; create schema volatile_functions;
            """
            + """
             create table volatile_functions.seen (n int);
            create function volatile_functions.count_seen(n int) returns bigint volatile language plpgsql as
            'begin if n > 1 then perform pg_advisory_xact_lock_shared(1711); end if;
            """
            + " return (select count(*) from volatile_functions.seen); end'");
        await using var gate = new Npgsql.NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await gate.OpenAsync().Within();
        await using var close = new Npgsql.NpgsqlCommand("select pg_advisory_lock(1711)", gate);
        await close.ExecuteNonQueryAsync().Within();
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            "select n, volatile_functions.count_seen(n) as seen from generate_series(1, 3) n");

        using var response = await api.GetAsync("/api/db-stream");
        await using var body = await response.Content.ReadAsStreamAsync();
        using var lines = new StreamReader(body);
        Assert.Equal("""{"n":1,"seen":0}""", await lines.ReadLineAsync().Within());
        await postgres.ExecuteAsync("insert into volatile_functions.seen values (1)");
        await gate.CloseAsync().Within();

        Assert.Equal("""{"n":2,"seen":0}""", await lines.ReadLineAsync().Within());
        Assert.Equal("""{"n":3,"seen":0}""", await lines.ReadLineAsync().Within());
    }

    [Fact]
    public async Task A_HEAD_is_refused_for_a_value_that_is_none_of_its_type_and_runs_no_query()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            "-- param: count integer = 1\n-- param: day date = null\n"
            + "select pg_sleep(600)::text as a, @count as n, @day as d");

        foreach (var (query, status) in new[]
        {
            ("count=zz", HttpStatusCode.BadRequest), ("count=1&day=2026-02-30", HttpStatusCode.BadRequest),
            ("count=1&day=2026-02-28", HttpStatusCode.OK), ("", HttpStatusCode.OK),
        })
        {
            using var head = await api.HeadAsync("/api/db-stream?" + query);
            Assert.Equal((query, status), (query, head.StatusCode));
        }

        using var get = await api.GetAsync("/api/db-stream?count=zz");
        using var same = await api.HeadAsync("/api/db-stream?count=zz");
        Assert.Equal(get.StatusCode, same.StatusCode);
        Assert.Equal(get.Content.Headers.ContentLength, same.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task An_EventSource_goes_on_also_by_a_parameter_and_a_newer_header_has_precedence()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, "-- key: n\nselect n from generate_series(1, 3) n");
        var ids = (await api.Client.GetStringAsync("/api/db-stream?format=sse").Within()).Split('\n')
            .Where(line => line.StartsWith("id: ", StringComparison.Ordinal)).Select(line => line[4..]).ToArray();

        Assert.Equal("2, 3", await RowsAsync($"lastEventId={ids[0]}", header: null));
        Assert.Equal("3", await RowsAsync($"lastEventId={ids[0]}", header: ids[1]));
        Assert.Equal("1, 2, 3", await RowsAsync("lastEventId=&_=17", header: null));

        async Task<string> RowsAsync(string query, string? header)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/db-stream?format=sse&" + query);
            if (header is not null)
                request.Headers.Add("Last-Event-ID", header);
            using var response = await api.Client.SendAsync(request).Within();
            var body = await response.Content.ReadAsStringAsync().Within();
            return string.Join(
                ", ",
                body.Split('\n').Where(line => line.StartsWith("data: {\"n\":", StringComparison.Ordinal))
                    .Select(line => JsonNode.Parse(line[6..])!["n"]));
        }
    }

    [Fact]
    public async Task CSV_for_spreadsheets_has_a_mark_a_name_and_no_formulas()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            """select '=1+1' as "=head", -5 as n, '-5'::text as t, '@x'::varchar as v, '-1 day'::interval as i, """
            + """'{"a":1}'::jsonb as j, '-5'::jsonb as m, '"=2"'::jsonb as s, null::text as z, 'ä'::text as u""");
        using var response = await api.GetAsync("/api/db-stream?format=csv&bom=1&formulas=escape&download");

        Assert.Equal(
            "\uFEFF\"'=head\",\"n\",\"t\",\"v\",\"i\",\"j\",\"m\",\"s\",\"z\",\"u\"\r\n"
            + "\"'=1+1\",-5,\"'-5\",\"'@x\",\"'-1 days\",\"{\"\"a\"\": 1}\",-5,\"\"\"=2\"\"\",,\"ä\"\r\n",
            System.Text.Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync().Within()));
        Assert.Equal(
            "attachment; filename=rows.csv; filename*=UTF-8''rows.csv",
            response.Content.Headers.GetValues("Content-Disposition").Single());
        Assert.StartsWith(
            "=head,n,",
            System.Text.Encoding.UTF8.GetString(
                await api.Client.GetByteArrayAsync("/api/db-stream?format=csv").Within()),
            StringComparison.Ordinal);
        string[] mistaken =
            ["bom=1", "formulas=escape&format=json", "bom=yes&format=csv", "download=../x&format=csv"];
        foreach (var query in mistaken)
        {
            using var refused = await api.GetAsync("/api/db-stream?" + query);
            Assert.Equal((query, HttpStatusCode.BadRequest), (query, refused.StatusCode));
        }
    }

    [Fact]
    public async Task A_query_needs_a_key_unless_it_declares_that_it_does_not()
    {
        using var files = new QueryFiles()
            .With("open", "-- access: anonymous\nselect 1 as a").With("closed", "select 2 as a");
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, functionKey: "secret", settings: files.Setting);

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

    [Fact]
    public async Task No_parameter_that_every_query_takes_can_be_declared()
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, "select 1 as a");
        using var response = await api.GetAsync("/api/db-stream?nonsense=1");
        var taken = Quoted().Matches((string)(await response.ProblemAsync())["detail"]!)
            .Select(match => match.Groups[1].Value).Skip(1).ToArray();

        Assert.Superset(new HashSet<string> { "format", "limit", "resume", "download" }, taken.ToHashSet());
        Assert.All([.. taken, "code", "clientId", "_", "lastEventId"], name => Assert.Contains(
            "can't be named", QueryFile.Parse("rows", $"-- param: {name} integer\nselect @{name}").Mistakes[0].Reason,
            StringComparison.Ordinal));
    }

    [GeneratedRegex("'([^' ]+)'")]
    private static partial Regex Quoted();

    [Theory]
    [InlineData("-- plan: whole\n", "1")]
    [InlineData("-- plan: first-row\n", "0.01")]
    [InlineData("", "1")]
    [InlineData("-- key: f\n", "0.01")]
    public async Task A_cursor_is_planned_for_what_the_file_declares(string header, string fraction)
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString,
            header
            + "select current_setting('cursor_tuple_fraction') as f, "
            + "current_setting('transaction_read_only') as r, current_setting('TimeZone') as z");

        Assert.Equal(
            $$"""{"f":"{{fraction}}","r":"on","z":"UTC"}""" + "\n",
            await api.Client.GetStringAsync("/api/db-stream").Within());
    }
}
