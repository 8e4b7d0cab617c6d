using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using ChunkStream.App;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.App.OpenApi;

/// <summary>The description of the API, as the programs read it that it is for.</summary>
[Collection(RealPostgres.Collection)]
public sealed class OpenApiTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Tables =
        """
        drop schema if exists described cascade;
        create schema described;
        set search_path to described;
        create type mood as enum ('fine', 'so "so"', 'bad');
        create type place as (name text, at int[], self mood);
        create domain positive as numeric check (value > 0);
        create domain numbers as int[];
        create table customers (id int primary key, name text not null, note text);
        create table orders (id bigint primary key, customer int not null references customers, total numeric);
        insert into customers values (1, 'Anna', null), (2, 'Bert', 'x');
        insert into orders values (1, 1, 9007199254740993.10), (2, 1, 'NaN'), (3, 2, null);
        create view named as select id, name from customers;
        """;

    private const string Everything =
        """
        -- key: id
        select 1 as id, true as truth, 2::int2 as small, 9223372036854775807 as big, 1.5::float4 as single,
          'Infinity'::float8 as double, 'NaN'::numeric as exact, 1.50 as money, '{"a":[1]}'::jsonb as document,
          'null'::json as nothing, date 'infinity' as day, time '12:00' as clock, timetz '12:00+02' as zoned,
          timestamp '0044-03-15 12:00 BC' as local, timestamptz 'infinity' as moment, interval '1 day 2 hours' as span,
          gen_random_uuid() as uuid, '\xff'::bytea as bytes, array[1, null] as list,
          'so "so"'::described.mood as mood, row('x', '{1}', 'bad')::described.place as place,
          2::described.positive as domain,
          '{1}'::described.numbers as numbers, row(1, 'x') as record, int4range(1, 5) as range, 5::oid as oid,
          '1 2'::int2vector as vector, '(1,2)'::point as point, 'a'::"char" as letter, 'b'::name as name,
          array[row('y', null, null)::described.place] as places, null::text as "odd name", 1 as "odd name"
        """;

    private readonly QueryFiles _files = new QueryFiles()
        .With("everything", Everything)
        .With("empty", "select 1 as n where false")
        .With("joined", "select o.id, c.name, c.note, o.total from described.orders o "
            + "join described.customers c on c.id = o.customer")
        .With("outer", "select o.id, c.name from described.orders o "
            + "left join described.customers c on c.id = o.customer and c.note is not null")
        .With("anti", "select o.id, c.name from described.orders o "
            + "left join described.customers c on c.id = o.customer where c.id is null")
        .With("rollup", "select customer, count(*) from described.orders group by rollup (customer)")
        .With("grouped", "select c.name, count(*) from described.customers c group by c.id")
        .With("union", "select name from described.customers union all select null")
        .With("view", "select id, name from described.named")
        .With("keyed", "-- key: id\nselect id, upper(name) as name from described.named")
        .With("given", "-- summary: Takes */ all\n-- param: id int\n-- param: at timestamptz = 2026-01-01\n"
            + "-- param: ids bigint[] = null\n-- param: mood described.mood = fine\n-- param: filter jsonb = {}\n"
            + "-- param: spots described.numbers = {}\n-- access: anonymous\n"
            + "select @id as id, @at as at, @ids as ids, @mood as mood, @filter as filter, @spots as spots")
        .With("user", "-- access: user\n-- param: tenant int = claim(tenant)\n-- param: most int = 1\n"
            + "select @tenant as tenant, @most as most")
        .With("followed", "-- live\n-- key: id\nselect id, name from described.customers")
        .With("broken", "select * from described.nowhere");

    private LocalApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(Tables);
        _api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);
    }

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Fact]
    public async Task It_is_valid_in_both_versions_and_rows_and_frames_are_as_it_says()
    {
        var tools = await NodeProject.InstalledAsync("ChunkStream.Functions.Tests", "App", "OpenApi", "Tools");
        using var folder = new NodeFolder();
        var newest = folder.Write("3.2.json", await TextAsync(""));
        var older = folder.Write("3.1.json", await TextAsync("?version=3.1"));
        Assert.Equal("3.2.0", (string?)JsonNode.Parse(File.ReadAllText(newest))!["openapi"]);
        Assert.StartsWith(
            "3.1.", (string?)JsonNode.Parse(File.ReadAllText(older))!["openapi"], StringComparison.Ordinal);
        Assert.DoesNotContain("itemSchema", File.ReadAllText(older), StringComparison.OrdinalIgnoreCase);

        await using var linter = RunningProgram.Start(
            "node",
            [
                Path.Combine("node_modules", "@redocly", "cli", "bin", "cli.js"), "lint", "--config=redocly.yaml",
                newest, older,
            ],
            tools, ("REDOCLY_TELEMETRY", "off"), ("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true"));
        var (exitCode, output, errors) = await linter.EndAsync();
        Assert.True(exitCode == 0, output + errors);

        var values = new List<string>();
        string[] queries = ["everything", "joined", "outer", "anti", "rollup", "grouped", "union", "view", "keyed"];
        foreach (var query in queries)
        {
            var text = await _api.Client.GetStringAsync($"/api/queries/{query}").Within();
            values.AddRange(Lines(text, $"/components/schemas/{query}.row"));
        }

        // The format frames has lines that are no rows: the schema, checkpoints, the end; of live queries the position.
        string[] framed =
        [
            "/queries/everything", "/queries/followed?live=long-poll", "/queries/joined?limit=1", "/messages?count=2",
            "/lines?count=2",
        ];
        foreach (var path in framed)
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var text = await _api.Client.GetStringAsync($"/api{path}{separator}format=frames").Within();
            var operation = path.Split('?')[0].Replace("/", "~1", StringComparison.Ordinal);
            values.AddRange(Lines(
                text,
                $"/paths/{operation}/get/responses/200/content/application~1vnd.chunkstream+ndjson/itemSchema"));
        }

        const string Parameters = "/components/schemas/given.parameters";
        values.AddRange(Lines("""{"id":1,"ids":[1,"2"],"filter":{"a":1},"spots":"{1}"}""", Parameters));
        values.AddRange(Lines("""{"id":"1","ids":null,"mood":"bad","filter":"{}"}""", Parameters));
        await using var validator = RunningProgram.Start(
            "node", ["conform.mjs", newest, folder.Write("values.jsonl", string.Join('\n', values))], tools);
        Assert.Equal([$"{values.Count} values"], await validator.LinesAsync());

        static IEnumerable<string> Lines(string text, string schema)
            => text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => $$"""{"schema":"{{schema}}","value":{{line}}}""");
    }

    [Fact]
    public async Task A_column_is_nullable_unless_it_is_known_not_to_be()
    {
        var schemas = (await DocumentAsync())["components"]!["schemas"]!;

        Assert.Equal(["id", "name"], NeverNull("joined"));
        Assert.Equal([], NeverNull("outer"));
        Assert.Equal([], NeverNull("anti"));
        Assert.Equal([], NeverNull("rollup"));
        Assert.Equal(["name"], NeverNull("grouped"));
        Assert.Equal([], NeverNull("union"));
        Assert.Equal([], NeverNull("view"));
        Assert.Equal(["id"], NeverNull("keyed"));
        Assert.Equal(["id", "name"], NeverNull("followed"));

        IEnumerable<string> NeverNull(string query) => schemas[$"{query}.row"]!["properties"]!.AsObject()
            .Where(column => !column.Value!.ToJsonString().Contains("null", StringComparison.Ordinal))
            .Select(column => column.Key);
    }

    [Fact]
    public async Task It_says_what_each_query_takes_who_may_call_it_and_what_its_items_are()
    {
        var document = await DocumentAsync();
        var paths = document["paths"]!;

        Assert.Null(paths["/queries/broken"]);
        Assert.Equal("/api", (string?)document["servers"]![0]!["url"]);
        var slashed = await _api.Client.GetStringAsync("/api/openapi.json/").Within();
        Assert.Equal("/api", (string?)JsonNode.Parse(slashed)!["servers"]![0]!["url"]);
        Assert.Equal("[]", paths["/public/queries/given"]!["get"]!["security"]!.ToJsonString());
        Assert.Equal("""[{"accessToken":[]}]""", paths["/public/queries/user"]!["get"]!["security"]!.ToJsonString());
        Assert.Equal(
            """[{"functionKey":[]},{"functionKeyInUrl":[]}]""",
            paths["/queries/joined"]!["get"]!["security"]!.ToJsonString());
        Assert.Equal(["most"], OwnParameters("/public/queries/user"));
        Assert.Equal(["id", "at", "ids", "mood", "filter", "spots"], OwnParameters("/public/queries/given"));
        Assert.Equal(
            """["id"]""", document["components"]!["schemas"]!["given.parameters"]!["required"]!.ToJsonString());
        Assert.NotNull(paths["/public/queries/given"]!["post"]);
        Assert.Null(paths["/queries/joined"]!["post"]);
        Assert.Equal(
            """{"type":"integer","format":"int64"}""",
            document["components"]!["schemas"]!["joined.row"]!["properties"]!["id"]!.ToJsonString());
        var content = paths["/queries/joined"]!["get"]!["responses"]!["200"]!["content"]!;
        Assert.Equal(
            ["application/json", "application/vnd.chunkstream+ndjson", "application/x-ndjson", "text/csv",
                "text/event-stream", "text/plain"],
            content.AsObject().Select(type => type.Key).Order(StringComparer.Ordinal));
        Assert.Equal(
            """{"itemSchema":{"$ref":"#/components/schemas/joined.row"}}""",
            content["application/x-ndjson"]!.ToJsonString());
        Assert.Contains("upsert", Frames("/queries/followed"), StringComparison.Ordinal);
        Assert.DoesNotContain("upsert", Frames("/queries/joined"), StringComparison.Ordinal);

        IEnumerable<string> OwnParameters(string path) => paths[path]!["get"]!["parameters"]!.AsArray()
            .Select(parameter => (string?)parameter!["name"]).OfType<string>();
        string Frames(string path) => paths[path]!["get"]!["responses"]!["200"]!["content"]![
            "application/vnd.chunkstream+ndjson"]!.ToJsonString();
    }

    [Fact]
    public async Task It_has_every_endpoint_of_the_app_but_the_page()
    {
        var document = await DocumentAsync();
        var paths = document["paths"]!.AsObject().Select(path => path.Key).ToArray();

        var expected = _api.Get<EndpointTable>().All
            .Where(endpoint => !endpoint.Route.StartsWith("ui", StringComparison.Ordinal)
                && endpoint.Name is not ("query" or "public-query" or "db-stream"))
            .Select(endpoint => "/" + endpoint.Route.Replace("*", "", StringComparison.Ordinal));
        Assert.Empty(expected.Except(paths));
        Assert.Equal(13, paths.Count(path => path.Contains("queries/", StringComparison.Ordinal)));

        // What a client that was made of the description leaves out must not be refused.
        Assert.Equal(["name", "offset"], Required("/shapes/{name}"));
        Assert.Equal(["name"], Required("/states/{name}"));

        IEnumerable<string?> Required(string path) => document["paths"]![path]!["get"]!["parameters"]!.AsArray()
            .Where(parameter => (bool?)parameter!["required"] is true)
            .Select(parameter => (string?)parameter!["name"]);
    }

    [Fact]
    public async Task A_wrong_version_and_a_database_that_is_away_are_told_and_without_the_key_there_is_nothing()
    {
        using var version = await _api.GetAsync("/api/openapi.json?version=2");
        Assert.Contains("3.2 or 3.1", (string?)(await version.ProblemAsync())["detail"], StringComparison.Ordinal);

        await using var away = await LocalApi.StartAsync(
            "Host=127.0.0.1;Port=1;Username=a", functionKey: "a key", settings: [_files.Setting]);
        using var refused = await away.GetAsync("/api/openapi.json");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var unavailable = await away.GetAsync("/api/openapi.json?code=a%20key");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unavailable.StatusCode);

        // HEAD asks the database for nothing, and is refused as the GET is.
        using var head = await away.HeadAsync("/api/openapi.json?code=a%20key");
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        foreach (var path in new[] { "/api/openapi.json", "/api/openapi.json?code=a%20key&version=2" })
        {
            using var refusedHead = await away.HeadAsync(path);
            using var refusedGet = await away.GetAsync(path);
            Assert.Equal(refusedGet.StatusCode, refusedHead.StatusCode);
        }

        using var described = await _api.GetAsync("/api/openapi.json");
        Assert.Equal(Told(described), Told(head));

        static (string?, string?, string) Told(HttpResponseMessage response) => (
            response.Content.Headers.ContentType?.ToString(),
            response.Headers.CacheControl?.ToString(),
            response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task Items_are_described_as_they_are_written()
    {
        var app = LocalApi.TestApp().Add(builder =>
        {
            builder.AddGenerator(Empty<int?>("numbers"));
            builder.AddGenerator(Empty<Dictionary<string, int[]>>("lists"));
            builder.AddGenerator(Empty<JsonElement>("anything"));
        });
        await using var api = await LocalApi.StartAsync(app, postgres.ConnectionString);

        var paths = JsonNode.Parse(await api.Client.GetStringAsync("/api/openapi.json").Within())!["paths"]!;

        Assert.Equal("""{"type":["null","integer"]}""", Item("numbers"));
        Assert.Equal(
            """{"type":"object","additionalProperties":{"type":"array","items":{"type":"integer"}}}""", Item("lists"));
        Assert.Equal("{}", Item("anything"));

        string Item(string name) => paths[$"/{name}"]!["get"]!["responses"]!["200"]!["content"]![
            "application/x-ndjson"]!["itemSchema"]!.ToJsonString();
    }

    [Fact]
    public async Task What_fails_by_the_servers_fault_is_in_its_log()
    {
        var app = LocalApi.TestApp().Add(builder => builder.AddGenerator(Empty<Ambiguous>("ambiguous")));
        await using var api = await LocalApi.StartAsync(app, postgres.ConnectionString);

        using var answer = await api.GetAsync("/api/openapi.json");

        Assert.Equal("urn:chunkstream:internal-error", (string?)(await answer.ProblemAsync())["type"]);
        var entry = await api.Log.FindAsync(entry => entry.Event.Name == "ApiNotDescribed", "the failure is logged");
        Assert.IsType<InvalidOperationException>(entry.Exception);
    }

    private static GeneratorEndpoint<T> Empty<T>(string name)
        => new(name, "Gives nothing", (_, _) => AsyncEnumerable.Empty<T>());

    // JSON can't have both.
    private sealed record Ambiguous(
        [property: JsonPropertyName("n")] int First, [property: JsonPropertyName("n")] int Second);

    private async Task<JsonNode> DocumentAsync() => JsonNode.Parse(await TextAsync(""))!;

    private Task<string> TextAsync(string query) => _api.Client.GetStringAsync("/api/openapi.json" + query).Within();
}
