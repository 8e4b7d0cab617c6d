using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Queries;

/// <summary>Declared queries in a minimal API that an adopter would write.</summary>
[Collection(RealPostgres.Collection)]
public sealed class MappedQueriesTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly QueryFiles _files = new QueryFiles()
        .With("numbers", "-- summary: Numbers\n-- param: most int = 3\n-- key: n\n-- max-rows: 10\n"
            + "select n from generate_series(1, @most) n")
        .With("range", "-- param: least int = 1\n-- param: most int = 3\n-- key: n\n"
            + "select n from generate_series(@least, @most) n")
        .With("open", "-- access: anonymous\nselect 1 as n");

    private PlainApi _api = null!;

    public async Task InitializeAsync() => _api = await PlainApi.StartAsync(
        app =>
        {
            app.MapGet("/mine/{id}", (int id) => StreamResults.Query("numbers", new() { Name = "mine" }));
            app.MapMethods("/upto/{most}", ["GET", "HEAD"], (string most, bool? isWrong) => StreamResults.Query(
                "range", new() { Values = { [isWrong is true ? "top" : "Most"] = most } }));
            app.MapGet("/upto-number/{most}", (int most) => StreamResults.Query(
                "range", new() { Values = { ["most"] = most, ["least"] = null } }));
            app.MapQueries("/v1/queries").AddEndpointFilter(async (context, next)
                => context.HttpContext.Request.Headers.Authorization.Count == 0
                    ? Results.Unauthorized()
                    : await next(context));
            app.MapGroup("/v1").MapPublicQueries("/open");
        },
        services => services.AddChunkStream().AddQueries(options => options.QueriesPath = _files.Folder)
            .AddPostgres(_ => new NpgsqlDataSourceBuilder(postgres.ConnectionString)),
        settings: ("ChunkStream:ResumeKey", "a key for tests that nobody guesses"));

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Dispose();
    }

    [Fact]
    public async Task A_query_is_served_by_an_endpoint_of_ones_own()
    {
        Assert.Equal("{\"n\":1}\n{\"n\":2}\n", await _api.TextAsync("/mine/7?most=2&theirs=1"));
        Assert.Contains("mine/numbers", (await _api.Log.StreamEndedAsync()).Message);
        using var refused = await _api.GetAsync("/mine/7?most=two");
        Assert.Contains("'most' must be of type int", await refused.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_client_can_not_change_the_values_that_the_endpoint_gives()
    {
        Assert.Equal("{\"n\":1}\n{\"n\":2}\n", await _api.TextAsync("/upto/2"));
        Assert.Equal("{\"n\":2}\n", await _api.TextAsync("/upto/2?most=9&least=2"));
        Assert.Equal("", await _api.TextAsync("/upto-number/2?most=9&least=1"));

        // Nor with a token of another value.
        var events = await _api.TextAsync("/upto/4?format=sse");
        var token = events.Split('\n').First(line => line.StartsWith("id: ", StringComparison.Ordinal))[4..];
        Assert.Equal("{\"n\":2}\n{\"n\":3}\n{\"n\":4}\n", await _api.TextAsync($"/upto/4?resume={token}"));
        await MissingAsync(
            $"/upto/5?resume={token}", "The token was given for other parameters", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_value_of_the_endpoint_that_Postgres_refuses_is_a_bad_request_and_one_too_many_a_mistake()
    {
        await MissingAsync("/upto/two", "'most' must be of type int", HttpStatusCode.BadRequest);
        using var head = await _api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/upto/two")).Within();
        Assert.Equal(HttpStatusCode.BadRequest, head.StatusCode);

        using var failed = await _api.GetAsync("/upto/2?isWrong=true");
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        await _api.Log.FindAsync(
            entry => entry.Exception is InvalidOperationException mistake && mistake.Message
                == "The endpoint gives a value for 'top', which the query 'range' does not take; it takes "
                + "least, most.",
            "the log says what is wrong");
    }

    [Fact]
    public async Task All_are_mapped_with_the_catalogue_and_under_the_apps_own_conventions()
    {
        using var refused = await _api.GetAsync("/v1/queries/numbers");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        _api.Client.DefaultRequestHeaders.Authorization = new("Test");

        Assert.Equal("{\"n\":1}\n", await _api.TextAsync("/v1/queries/numbers?most=1"));
        Assert.Equal("{\"n\":1}\n", await _api.TextAsync("/v1/queries/open"));
        using var posted = await _api.Client.PostAsJsonAsync("/v1/queries/numbers", new { most = 1 }).Within();
        Assert.Equal("{\"n\":1}\n", await posted.Content.ReadAsStringAsync().Within());
        var catalogue = JsonNode.Parse(await _api.TextAsync("/v1/queries"))!;
        Assert.Equal(
            ["/v1/queries/numbers", "/v1/open/open", "/v1/queries/range"],
            catalogue["queries"]!.AsArray().Select(query => (string?)query!["path"]));
        Assert.Equal(
            ["10", "1000000", null], catalogue["queries"]!.AsArray().Select(query => query!["maxRows"]?.ToString()));

        using var head = new HttpRequestMessage(HttpMethod.Head, "/v1/queries/numbers?most=1");
        using var headed = await _api.Client.SendAsync(head).Within();
        Assert.Equal("application/x-ndjson; charset=utf-8", headed.Content.Headers.ContentType!.ToString());
        await MissingAsync("/v1/queries/none", "There is no query 'none'; /v1/queries lists those that there are.");
        await MissingAsync(
            "/v1/queries/numbers?theirs=1", "'theirs' is not a parameter of this endpoint", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task The_public_ones_have_a_route_of_their_own()
    {
        Assert.Equal("{\"n\":1}\n", await _api.TextAsync("/v1/open/open"));
        await MissingAsync(
            "/v1/open/numbers", "There is no query 'numbers' that needs no key. With a key, /v1/queries lists all.");
    }

    [Fact]
    public async Task Without_AddQueries_it_says_what_to_call()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => PlainApi.StartAsync(app => app.MapQueries()));
        Assert.Contains("AddQueries()", failure.Message);

        await using var api = await PlainApi.StartAsync(app => app.MapGet("/", () => StreamResults.Query("numbers")));
        using var response = await api.GetAsync("/");
        await api.Log.FindAsync(
            entry => entry.Exception is InvalidOperationException missing && missing.Message.Contains("AddQueries()"),
            "the log says what to call");
    }

    private async Task MissingAsync(string path, string message, HttpStatusCode status = HttpStatusCode.NotFound)
    {
        using var response = await _api.GetAsync(path);
        Assert.Equal(status, response.StatusCode);
        Assert.Contains(message, (await response.Content.ReadAsStringAsync()).Replace("\\u0027", "'"));
    }
}
