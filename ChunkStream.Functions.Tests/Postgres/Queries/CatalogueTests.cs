using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

[Collection(RealPostgres.Collection)]
public sealed class CatalogueTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Flights =
        """
        -- summary: Late flights
        -- param: min_delay integer = 15
        -- param: since timestamptz
        -- key: departed_at desc, id
        -- max-rows: 500
        select id, departed_at, delay from flights where delay >= @min_delay and departed_at >= @since
        """;

    private readonly QueryFiles _files = new QueryFiles().With("late-flights", Flights);

    public Task InitializeAsync() => postgres.ExecuteAsync(
        "drop table if exists flights;\n"
        + "create table flights (id int primary key, departed_at timestamptz not null, delay int not null, "
        + "note text);\n"
        + "insert into flights select n, timestamptz '2026-01-01 00:00Z' + n / 3 * interval '1 hour', n % 50 "
        + "from generate_series(1, 300) n;\n"
        + """
        drop table if exists proof_child, proof_parent, proofs;
        drop type if exists row_of_json;
        drop domain if exists proof_label;
        create type row_of_json as (a json);
        create domain proof_label as text;
        create table proofs (
            plain text not null unique, of_domain proof_label not null unique, deferred int not null unique deferrable,
            other_collation text not null, other_class text not null, partial int not null, expression text not null);
        create unique index on proofs (other_collation collate "C");
        create unique index on proofs (other_class text_pattern_ops);
        create unique index on proofs (partial) where partial > 0;
        create unique index on proofs (lower(expression));
        create table proof_parent (id int primary key, part text);
        create table proof_child (primary key (id)) inherits (proof_parent);
        """);

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task The_catalogue_tells_what_each_query_takes_and_gives()
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);

        var catalogue = await CatalogueAsync(api);

        Assert.Equal("rows", (string?)catalogue["default"]);
        Assert.Null(catalogue["database"]);
        Assert.Empty(catalogue["broken"]!.AsArray());
        var expected =
            """
            {"name":"late-flights","summary":"Late flights","path":"queries/late-flights","access":"function",
            "parameters":[{"name":"min_delay","type":"integer","required":false,"default":"15"},
            {"name":"since","type":"timestamptz","required":true,"default":null}],
            "columns":[{"name":"id","type":"int4"},{"name":"departed_at","type":"timestamptz"},
            {"name":"delay","type":"int4"}],
            "key":[{"name":"departed_at","order":"desc"},{"name":"id","order":"asc"}],"maxRows":500,
            "formats":["ndjson","json","csv","text","sse","frames"],"live":false,"warnings":[]}
            """;
        Assert.Equal(
            JsonNode.Parse(expected)!.ToJsonString(), Assert.Single(catalogue["queries"]!.AsArray())!.ToJsonString());
    }

    [Fact]
    public async Task The_catalogue_tells_the_bound_that_a_query_for_everyone_has_where_it_declares_none()
    {
        _files.With("open", "-- access: anonymous\nselect 1 as n");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);

        var bounds = (await CatalogueAsync(api))["queries"]!.AsArray()
            .ToDictionary(query => (string)query!["name"]!, query => (long?)query!["maxRows"]);

        Assert.Equal(1_000_000, bounds["open"]);
        Assert.Equal(500, bounds["late-flights"]);
    }

    [Fact]
    public async Task A_query_is_served_with_its_parameters_bound()
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);

        var body = await api.Client.GetStringAsync(
            "/api/queries/late-flights?since=2026-01-03T00:00:00%2B00:00&min_delay=48").Within();

        var oracle = await postgres.OracleAsync("select id, departed_at, delay from flights where delay >= 48 "
            + "and departed_at >= '2026-01-03 00:00Z' order by departed_at desc, id");
        Assert.NotEmpty(oracle);
        Assert.Equal(oracle, body.Split('\n')[..^1]);
    }

    [Theory]
    [InlineData("", "since", "is missing: it must be given, of type timestamptz")]
    [InlineData("since=yesterdayish", "since", "must be of type timestamptz: invalid input syntax")]
    [InlineData("since=2026-01-01&min_delay=many", "min_delay", "must be of type integer: invalid input syntax")]
    [InlineData("since=2026-01-01&min_delay=99999999999", "min_delay", "out of range")]
    [InlineData("since=2026-01-01&min_delay=1&min_delay=2", "min_delay", "given 2 times")]
    [InlineData("since=2026-01-01&min_dely=1", "min_dely", "is not a parameter")]
    [InlineData("since=2026-01-01&limit=501", "limit", "from 1 to 500")]
    [InlineData("since=2026-01-01&limit=0", "limit", "from 1 to 500")]
    [InlineData("since=2026-01-01&limit=1%00", "limit", "from 1 to 500")]
    [InlineData("since=2026-01-01&numbers=float", "numbers", "plain or exact")]
    [InlineData("since=%00", "since", "null character")]
    [InlineData("since=';drop table flights;--", "since", "must be of type timestamptz")]
    public async Task A_bad_parameter_is_400_with_its_name_and_what_was_expected(
        string query, string parameter, string detail)
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);
        using var response = await api.GetAsync("/api/queries/late-flights?" + query);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = Assert.Single((await response.ProblemAsync())["errors"]!.AsArray());
        Assert.Equal(parameter, (string?)error!["parameter"]);
        Assert.Contains(detail, (string?)error["detail"], StringComparison.Ordinal);
        Assert.Equal(300, await postgres.ScalarAsync<long>("select count(*) from flights"));
        Assert.DoesNotContain(api.Log.Entries, entry => entry.Exception is not null);
    }

    [Theory]
    [InlineData("text[]", "{a,\"b c\",NULL}", """["a","b c",null]""")]
    [InlineData("int4range", "[1,5)", "\"[1,5)\"")]
    [InlineData("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"")]
    [InlineData("interval", "1 day 2 hours", "\"1 day 02:00:00\"")]
    [InlineData("jsonb", """{"a": [1, 2.50]}""", """{"a": [1, 2.50]}""")]
    [InlineData("catalogue_mood", "happy", "\"happy\"")]
    [InlineData("numeric", "12345678901234567890123456789012345.678", "12345678901234567890123456789012345.678")]
    [InlineData("bytea", "\\xDEADBEEF", "\"\\\\xdeadbeef\"")]
    [InlineData("point", "(1,2)", "\"(1,2)\"")]
    [InlineData("inet", "10.0.0.1/8", "\"10.0.0.1/8\"")]
    [InlineData("boolean", "yes", "true")]
    [InlineData("text", "'; select $$ @a $1 \\ \" 😀", """
        "'; select $$ @a $1 \\ \" 😀"
        """)]
    [InlineData("catalogue_positive", "5", "5")]
    public async Task A_parameter_may_be_of_any_type_that_has_a_text_form(string type, string value, string json)
    {
        await postgres.ExecuteAsync(
            """
            do $$ begin
                create type catalogue_mood as enum ('sad', 'happy');
                create domain catalogue_positive as integer check (value > 0);
            exception when duplicate_object then null; end $$
            """);
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, $"-- param: a {type}\nselect @a as a");

        var body = await api.Client.GetStringAsync($"/api/db-stream?a={Uri.EscapeDataString(value)}").Within();

        Assert.Equal($$"""{"a":{{json}}}""" + "\n", body);
    }

    [Fact]
    public async Task A_broken_file_is_named_with_line_and_reason_and_the_others_serve()
    {
        _files
            .With("typo", "-- summary: x\n-- parm: a\nselect 1")
            .With("no-table", "-- summary: x\nselect 1,\n  2\nfrom no_such_table")
            .With("no-type", "-- param: a no_such_type\nselect @a")
            .With("bad-default", "-- param: a text\n-- param: b integer = one\nselect @a, @b")
            .With("no-key", "-- key: nowhere\nselect id from flights")
            .With("unordered", "-- key: a\nselect '{}'::json as a")
            .With("unordered-row", "-- summary: x\n-- key: a\nselect row('{}')::row_of_json as a")
            .With("unreadable", "-- key: a\nselect row(1, 2) as a")
            .With("writes", "with x as (insert into flights values (1000) returning *) select * from x")
            .With("bad name", "select 1");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);

        var broken = (await CatalogueAsync(api))["broken"]!.AsArray()
            .Select(entry => ((string?)entry!["file"], (int)entry["line"]!, (string?)entry["reason"]))
            .OrderBy(entry => entry.Item1, StringComparer.Ordinal).ToArray();

        Assert.Collection(
            broken,
            Expect("bad name.sql", 1, "letters, digits"),
            Expect("bad-default.sql", 2, "@b: invalid input syntax for type integer"),
            Expect("no-key.sql", 1, "nowhere is not among the result's columns, which are id"),
            Expect("no-table.sql", 4, "relation \"no_such_table\" does not exist: create it in this database, "
                + "or delete the file if nobody needs the query."),
            Expect("no-type.sql", 1, "@a: type \"no_such_type\" does not exist"),
            Expect("typo.sql", 2, "There is no 'parm:'"),
            Expect("unordered-row.sql", 2, "can't order the rows"),
            Expect("unordered.sql", 1, "a is of the type json, which has no order"),
            Expect("unreadable.sql", 1, "a is of the type record, whose values can't be read back"),
            Expect("writes.sql", 1, "data-modifying"));
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/api/queries/late-flights?since=2026-01-01")).StatusCode);
        using var response = await api.GetAsync("/api/queries/typo");
        Assert.Equal("urn:chunkstream:broken-query", (string?)(await response.ProblemAsync())["type"]);
        await Bounded.Until(
            () => Task.FromResult(api.Log.Entries.Count(entry => entry.Event.Name == "QueryBroken") >= 10),
            "each is in the log, from the start on");
        Assert.Contains(
            api.Log.Entries,
            entry => entry.Message == "Query file typo.sql is broken, line 2: There is no 'parm:'; "
                + "a query file declares summary, param, key, plan, timeout, idle, max-rows, access, role, key-check, "
                + "errors, live. (A comment that is no declaration begins with a capital letter, or with three "
                + "dashes.)");

        static Action<(string? File, int Line, string? Reason)> Expect(string file, int line, string reason) => entry =>
        {
            Assert.Equal((file, line), (entry.File, entry.Line));
            Assert.Contains(reason, entry.Reason, StringComparison.Ordinal);
        };
    }

    [Fact]
    public async Task A_file_that_is_added_changed_or_deleted_is_picked_up()
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);
        Assert.Equal(HttpStatusCode.NotFound, (await api.GetAsync("/api/queries/new")).StatusCode);

        _files.With("new", "select 1 as a");
        await Bounded.Until(async () => await BodyAsync() == "{\"a\":1}\n", "the new query is there");
        _files.With("new", "select 22 as b");
        await Bounded.Until(async () => await BodyAsync() == "{\"b\":22}\n", "the changed query is there");
        File.Delete(Path.Combine(_files.Folder, "new.sql"));
        await Bounded.Until(
            async () => (await api.GetAsync("/api/queries/new")).StatusCode is HttpStatusCode.NotFound,
            "the query is gone");

        async Task<string> BodyAsync()
        {
            using var response = await api.GetAsync("/api/queries/new");
            return await response.Content.ReadAsStringAsync().Within();
        }
    }

    [Theory]
    [InlineData("-- key: id\nselect * from flights", true)]
    [InlineData("-- key: departed_at, id\nselect * from flights where delay > 3", true)]
    [InlineData("-- param: d integer\n-- key: id\nselect * from flights where delay > @d", true)]
    [InlineData("-- key: departed_at\nselect * from flights", false)]
    [InlineData("-- key: id, note\nselect * from flights", false)]
    [InlineData("-- key: id\nselect f.* from flights f join generate_series(1, 2) n on true", false)]
    [InlineData("-- key: id\nselect f.* from flights f join flights g on g.delay = f.delay", false)]
    [InlineData("-- key: id\nselect id, generate_series(1, 2) as n from flights", false)]
    [InlineData("-- key: id\nselect id from flights union all select id from flights", false)]
    [InlineData("-- key: id\nselect id from flights group by rollup (id)", false)]
    [InlineData("-- key: plain\nselect plain from proofs", true)]
    [InlineData("-- key: of_domain\nselect of_domain from proofs", true)]
    [InlineData("-- key: other_collation\nselect other_collation from proofs", false)]
    [InlineData("-- key: other_class\nselect other_class from proofs", false)]
    [InlineData("-- key: deferred\nselect deferred from proofs", false)]
    [InlineData("-- key: partial\nselect partial from proofs", false)]
    [InlineData("-- key: expression\nselect expression from proofs", false)]
    [InlineData("-- key: id\nselect id from only proof_parent", false)]
    [InlineData("-- key: id\nselect id from proof_parent where part = 'parent'", false)]
    public async Task Whether_the_database_guarantees_a_key_is_told(string sql, bool isGuaranteed)
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, sql);

        var query = Assert.Single((await CatalogueAsync(api))["queries"]!.AsArray())!;

        Assert.Equal(isGuaranteed, query["warnings"]!.AsArray().Count == 0);
    }

    [Fact]
    public async Task While_the_database_is_away_the_catalogue_tells_what_the_files_say()
    {
        await using var api = await LocalApi.ServingAsync("Host=127.0.0.1;Port=1;Username=nobody", _files);

        var catalogue = await CatalogueAsync(api);

        Assert.Contains("can't be reached", (string?)catalogue["database"], StringComparison.Ordinal);
        Assert.Null(Assert.Single(catalogue["queries"]!.AsArray())!["columns"]);
        await Bounded.Until(() => Task.FromResult(
            api.Log.Entries.Any(entry => entry.Event.Name == "QueriesNotChecked")), "it is in the log");
        var logged = api.Log.Entries.First(entry => entry.Event.Name == "QueriesNotChecked");
        Assert.Contains(
            "can't be reached now: Failed to connect to 127.0.0.1:1: ", logged.Message, StringComparison.Ordinal);
        Assert.Null(logged.Exception);
    }

    [Fact]
    public async Task A_default_query_that_is_not_there_is_traced_to_its_setting()
    {
        await using var api = await LocalApi.ServingAsync(
            postgres.ConnectionString, _files, ("ChunkStream:DefaultQuery", "elsewhere"));

        using var response = await api.GetAsync("/api/db-stream");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal(
            "There is no query 'elsewhere', which the setting ChunkStream:DefaultQuery names; "
            + "/queries lists those that there are.",
            (string?)(await response.ProblemAsync())["detail"]);
    }

    private static async Task<JsonNode> CatalogueAsync(LocalApi api)
        => JsonNode.Parse(await api.Client.GetStringAsync("/api/queries").Within())!;
}
