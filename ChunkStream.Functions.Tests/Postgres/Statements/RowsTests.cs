using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Queries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Statements;

/// <summary>Rows of an app's own statements, in a minimal API that an adopter would write.</summary>
[Collection(RealPostgres.Collection)]
public sealed class RowsTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly Dictionary<string, Func<HttpContext, IResult>> _own = [];
    private NpgsqlDataSource _db = null!;
    private PlainApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            create table orders (id int primary key, customer uuid not null, amount numeric not null);
            insert into orders select n, md5((n % 3)::text)::uuid, n * 1.5 from generate_series(1, 50) n;
            """);
        _db = new NpgsqlDataSourceBuilder(postgres.ConnectionString + ";Maximum Pool Size=3").UseChunkStream().Build();
        _api = await PlainApi.StartAsync(
            app =>
            {
                // An endpoint needs only one line of body.
                app.MapGet("/orders", (NpgsqlDataSource db, int min)
                    => StreamResults.Rows(db, $"select id, amount from orders where amount >= {min}", key: "id"));
                app.Map("/own/{name}", (HttpContext http, string name) => _own[name](http));
            },
            services =>
            {
                services.AddSingleton(_db);
                services.Configure<QueryOptions>(options => options.ResumeKey = new string('k', 32));
                services.AddChunkStream(streaming => streaming.FlushBytes = 1)
                    .AddPostgres(_ => new NpgsqlDataSourceBuilder(postgres.ConnectionString));
            });
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _db.DisposeAsync();
        await postgres.ExecuteAsync("drop table orders");
    }

    public static TheoryData<string> Formats => [.. StreamFormats.All.Select(format => format.Name)];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Rows_are_offered_in_every_format_and_the_endpoints_parameters_are_its_own(string format)
    {
        using var response = await _api.GetAsync($"/orders?min=70&format={format}&theirs=1");
        var body = await response.Content.ReadAsStringAsync().Within();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("70.5", body);
        Assert.Contains("75.0", body);
        Assert.DoesNotContain("69.0", body);
        Assert.Contains("orders", (await _api.Log.StreamEndedAsync()).Message);
    }

    [Fact]
    public async Task With_a_key_it_is_resumed_after_any_row()
    {
        Own("keyed", http => StreamResults.Rows(
            _db, $"select id, amount from orders where amount >= {int.Parse(http.Request.Query["min"]!)}",
            "amount desc, id", new() { Limit = 5 }));
        var whole = Frames(await _api.TextAsync("/own/keyed?min=30&format=frames"));
        var tokens = whole.Select(frame => (string?)frame["checkpoint"]).OfType<string>().ToArray();
        var rows = Rows(whole);
        Assert.Equal([50, 49, 48, 47, 46], rows);
        Assert.True(tokens.Length > 2);

        var rest = Rows(Frames(await _api.TextAsync($"/own/keyed?min=30&format=frames&resume={tokens[1]}")));
        Assert.Equal(rows[^rest.Length..], rest);
        Assert.InRange(rest.Length, 1, 4);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/own/keyed?min=30&format=sse");
        request.Headers.Add("Last-Event-ID", tokens[1]);
        using var sse = await _api.Client.SendAsync(request).Within();
        Assert.Contains($"\"id\":{rest[0]},", await sse.Content.ReadAsStringAsync().Within());

        await RefusedAsync("urn:chunkstream:invalid-resume-token", $"/own/keyed?min=31&resume={tokens[1]}");
        await RefusedAsync("urn:chunkstream:invalid-resume-token", "/own/keyed?min=30&resume=me");
        Own("keyed", _ => StreamResults.Rows(
            _db, $"select id, amount from orders where amount >= {30} and true",
            "amount desc, id", new() { Limit = 5 }));
        await RefusedAsync("urn:chunkstream:query-changed", $"/own/keyed?resume={tokens[1]}", HttpStatusCode.Conflict);
        Own("bare", _ => StreamResults.Rows(_db, $"select 1 as n"));
        await RefusedAsync("urn:chunkstream:invalid-resume-token", $"/own/bare?resume={tokens[1]}");
    }

    [Fact]
    public async Task What_is_said_of_it_holds()
    {
        Own("max", _ => StreamResults.Rows(_db, $"select id from orders", options: new() { MaxRows = 3 }));
        Own("exact", _ => StreamResults.Rows(
            _db, $"select 9007199254740993 as n", options: new() { DefaultFormat = StreamFormats.Csv, Name = "big" }));
        Own("slow", _ => StreamResults.Rows(
            _db, $"select pg_sleep({10.0})", options: new() { Timeout = TimeSpan.FromMilliseconds(50) }));
        Own("own", http => StreamResults.Rows(
            $"select * from orders where customer = any({http.Request.Query["customer"].ToArray()})", "id", new()
            {
                DescribeFailure = failure => failure is PostgresException { SqlState: "22P02" } refusal
                    ? new ProblemDetails { Status = 422, Title = "No customer", Detail = refusal.MessageText }
                    : null,
            }));

        await Assert.ThrowsAsync<HttpRequestException>(() => _api.TextAsync("/own/max"));
        Assert.Equal("n\r\n9007199254740993\r\n", await _api.TextAsync("/own/exact"));
        Assert.Equal("{\"n\":\"9007199254740993\"}\n", await _api.TextAsync("/own/exact?format=ndjson&numbers=exact"));
        await RefusedAsync("urn:chunkstream:query-timeout", "/own/slow", HttpStatusCode.GatewayTimeout);
        Assert.Contains(
            "invalid input syntax for type uuid",
            await RefusedAsync("about:blank", "/own/own?customer=5", HttpStatusCode.UnprocessableEntity));
        var owned = await _api.TextAsync(
            $"/own/own?customer=cfcd2084-95d5-65ef-66e7-dff9f98764da&customer={Guid.Empty}");
        Assert.Equal(16, owned.Split('\n').Length - 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => new StreamRowsOptions { Limit = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new StreamRowsOptions { Timeout = TimeSpan.Zero });
        Assert.Contains(
            "A key lists columns of the result",
            Assert.Throws<ArgumentException>(() => StreamResults.Rows(_db, $"select 1", "a b c")).Message);
    }

    [Fact]
    public async Task A_data_source_is_prepared_and_admits_no_more_streams_than_it_has_connections()
    {
        await using var bare = NpgsqlDataSource.Create(postgres.ConnectionString);
        Own("bare", _ => StreamResults.Rows(bare, $"select 1"));
        Own("endless", _ => StreamResults.Rows(_db, $"select generate_series(1, 1000000000)"));
        Own("short", _ => StreamResults.Rows(_db, $"select 1 as n"));

        using var refused = await _api.GetAsync("/own/bare");
        Assert.Equal(HttpStatusCode.InternalServerError, refused.StatusCode);
        await _api.Log.FindAsync(
            entry => entry.Exception is InvalidOperationException failure
                && failure.Message.Contains("UseChunkStream()"),
            "the log says what to call");

        // Its pool has three connections, of which one is kept for short questions.
        var one = await _api.GetAsync("/own/endless");
        using var other = await _api.GetAsync("/own/endless");
        var third = _api.TextAsync("/own/short");
        Assert.Equal(2L, await postgres.ScalarAsync<long>(
            "select count(*) from pg_stat_activity "
            + "where query like 'FETCH%own_endless%' or query like 'FETCH%own__name_%'"));
        Assert.False(third.IsCompleted);
        one.Dispose();
        Assert.Equal("{\"n\":1}\n", await third.Within());
    }

    [Fact]
    public async Task Without_AddPostgres_it_says_what_to_call()
    {
        await using var api = await PlainApi.StartAsync(
            app => app.MapGet("/", () => StreamResults.Rows(_db, $"select 1")));

        using var response = await api.GetAsync("/");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        await api.Log.FindAsync(
            entry => entry.Exception is InvalidOperationException failure && failure.Message.Contains("AddPostgres()"),
            "the log says what to call");
    }

    private void Own(string name, Func<HttpContext, IResult> result) => _own[name] = result;

    private async Task<string> RefusedAsync(string type, string path, HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        using var response = await _api.GetAsync(path);
        var body = await response.Content.ReadAsStringAsync().Within();
        Assert.True(status == response.StatusCode && body.Contains(type), $"{response.StatusCode}: {body}");
        return body;
    }

    private static JsonNode[] Frames(string body)
        => [.. body.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];

    private static int[] Rows(IEnumerable<JsonNode> frames)
        => [.. frames.Select(frame => frame["row"]).OfType<JsonNode>().Select(row => (int)row["id"]!)];
}
