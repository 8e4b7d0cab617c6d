using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Shapes;

/// <summary>
/// Live queries in a minimal API that an adopter would write: for clients of Electric's protocol, and as durable
/// streams.
/// </summary>
[Collection(RealPostgres.Collection)]
public sealed class MappedShapesTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly QueryFiles _files = new QueryFiles()
        .With("inner", "-- key: id\n-- live\nselect id, owner from mapped_items")
        .With("open", "-- access: anonymous\n-- key: id\n-- live\nselect id, owner from mapped_items")
        .With(
            "owned",
            "-- access: anonymous\n-- param: least int = 1\n-- param: owner text\n-- key: id\n-- live\n"
            + "select id, owner from mapped_items where owner = @owner and id >= @least")
        .With(
            "mine",
            "-- access: user\n-- key: id\n-- live\n-- param: me text = claim(sub)\n"
            + "select id from mapped_items where owner = @me");

    private TokenIssuer _issuer = null!;
    private PlainApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            drop table if exists mapped_items;
            create table mapped_items (id int primary key, owner text);
            insert into mapped_items values (1, 'anna'), (2, 'bert');
            """);
        _issuer = await TokenIssuer.StartAsync();
        _api = await PlainApi.StartAsync(
            app =>
            {
                // Shapes before the queries: what is mapped later is known at the first request, too.
                app.MapShapes("/v1/shapes").AddEndpointFilter(RequireKey);
                app.MapStates("/v1/states").AddEndpointFilter(RequireKey);
                var open = app.MapGroup("/v1/open");
                open.MapPublicShapes("/shapes");
                open.MapPublicStates("/states");
                app.MapQueries("/v1/queries").AddEndpointFilter(RequireKey);
                app.MapGet("/mine/shapes/{name}", (string name) => StreamResults.Shape(name)).WithName("own-shape");
                app.MapGet("/mine/states/{name}", (string name) => StreamResults.State(name));
                string[] methods = [HttpMethods.Get, HttpMethods.Head];
                app.MapMethods("/of/{user}/shapes", methods, (string user) => StreamResults.Shape(
                    "owned", new() { Name = "shape-of-user", Values = { ["Owner"] = user } }));
                app.MapMethods("/of/{user}/states", methods, (string user) => StreamResults.State(
                    "owned", new() { Name = "state-of-user", Values = { ["owner"] = user } }));
                app.MapMethods("/from/{least}/shapes", methods, (string least) => StreamResults.Shape(
                    "owned", new() { Values = { ["least"] = least } }));
                app.MapGet("/wrong/shapes", () => StreamResults.Shape("owned", new() { Values = { ["top"] = 1 } }));
                app.MapGet("/wrong/states", () => StreamResults.State("mine", new() { Values = { ["me"] = "bert" } }));
            },
            services => services.AddChunkStream()
                .AddQueries(options => (options.QueriesPath, options.ResumeKey)
                    = (_files.Folder, "a secret of these tests, long enough"))
                .AddPostgres(_ => new NpgsqlDataSourceBuilder(postgres.ConnectionString))
                .AddIdentity(),
            settings: _issuer.Settings);

        static async ValueTask<object?> RequireKey(EndpointFilterInvocationContext call, EndpointFilterDelegate next)
            => call.HttpContext.Request.Headers.ContainsKey("X-Key") ? await next(call) : Results.Unauthorized();
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _issuer.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync("drop table mapped_items");
    }

    [Fact]
    public async Task Both_protocols_have_routes_for_all_queries_under_the_apps_own_conventions_and_for_open_ones()
    {
        foreach (var protocol in new[] { ShapeProtocol, StateProtocol })
        {
            await ExpectAsync(HttpStatusCode.Unauthorized, $"/v1/{protocol.Route}/inner?offset=-1");
            var inner = await FollowAsync(protocol, $"/v1/{protocol.Route}/inner", ("X-Key", "given"));
            var open = await FollowAsync(protocol, $"/v1/open/{protocol.Route}/open");
            Assert.Equal("no-store, no-transform", inner.Headers.CacheControl?.ToString());
            Assert.Equal(TimeSpan.FromSeconds(5), open.Headers.CacheControl?.MaxAge);
            await FollowAsync(protocol, $"/mine/{protocol.Route}/inner");
            await ExpectAsync(HttpStatusCode.NotFound, $"/mine/{protocol.Route}/none?offset=-1");
            await ExpectAsync(HttpStatusCode.BadRequest, $"/mine/{protocol.Route}/inner?offset=-1&theirs=1");
            await ExpectAsync(HttpStatusCode.MethodNotAllowed, $"/v1/open/{protocol.Route}/open", HttpMethod.Post);
            await ExpectAsync(HttpStatusCode.OK, $"/v1/open/{protocol.Route}/open?offset=-1", HttpMethod.Head);

            // A route for everyone gives only what its file allows, and knows the users of the others.
            Assert.Contains(
                "There is no query 'inner' that needs no key. With a key, /v1/queries lists all.",
                await ExpectAsync(HttpStatusCode.NotFound, $"/v1/open/{protocol.Route}/inner?offset=-1"));
            var mine = $"/v1/open/{protocol.Route}/mine?offset=-1";
            await ExpectAsync(HttpStatusCode.Unauthorized, mine);
            Assert.Equal([1], Ids(await ExpectAsync(
                HttpStatusCode.OK, mine, HttpMethod.Get, ("Authorization", $"Bearer {_issuer.Token("anna")}"))));
        }

        foreach (var name in new[] { "Stream shape/inner", "Stream public-state/open", "Stream own-shape/inner" })
            await _api.Log.FindAsync(entry => entry.Message.StartsWith(name, StringComparison.Ordinal), name);
    }

    [Fact]
    public async Task A_client_can_not_change_the_values_that_an_endpoint_gives_nor_go_on_with_those_of_another()
    {
        foreach (var protocol in new[] { ShapeProtocol, StateProtocol })
        {
            var (anna, bert) = ($"/of/anna/{protocol.Route}", $"/of/bert/{protocol.Route}");
            using var start = await SendAsync($"{anna}?offset=-1", HttpMethod.Get, []);
            Assert.Equal([1], Ids(await start.Content.ReadAsStringAsync().Within()));

            // The URL does not tell for whom the rows are.
            Assert.Equal("no-store, no-transform", start.Headers.CacheControl?.ToString());
            Assert.Equal([2], Ids(await ExpectAsync(HttpStatusCode.OK, $"{bert}?offset=-1")));
            foreach (var spelling in new[] { "params[owner]", "params[2]", "owner" })
            {
                Assert.Equal([1], Ids(await ExpectAsync(HttpStatusCode.OK, $"{anna}?offset=-1&{spelling}=bert")));
                Assert.Equal(
                    [1],
                    Ids(await ExpectAsync(HttpStatusCode.OK, $"{anna}?offset=-1&{spelling}=bert&{spelling}=carl")));
            }

            // The client gives the others, by the numbers that they have in the file.
            foreach (var spelling in new[] { "params[least]", "params[1]" })
                Assert.Empty(Ids(await ExpectAsync(HttpStatusCode.OK, $"{anna}?offset=-1&{spelling}=2")));

            var offset = start.Headers.GetValues(protocol.Offset).Single();
            await ExpectAsync(protocol.Anew, $"{bert}?offset={offset}{protocol.Live}");
            await postgres.ExecuteAsync("insert into mapped_items values (3, 'bert'), (4, 'anna')");
            Assert.Equal(
                [4], Ids(await ExpectAsync(HttpStatusCode.OK, $"{anna}?offset={offset}{protocol.Live}")));
            await postgres.ExecuteAsync("delete from mapped_items where id > 2");
            if (protocol == ShapeProtocol)
            {
                using var other = await SendAsync($"{bert}?offset=-1", HttpMethod.Get, []);
                Assert.NotEqual(
                    start.Headers.GetValues("electric-handle").Single(),
                    other.Headers.GetValues("electric-handle").Single());
            }
        }

        foreach (var name in new[] { "Stream shape-of-user/owned", "Stream state-of-user/owned" })
            await _api.Log.FindAsync(entry => entry.Message.StartsWith(name, StringComparison.Ordinal), name);
    }

    [Fact]
    public async Task A_value_that_Postgres_refuses_is_a_bad_request_also_of_HEAD_and_one_too_many_a_mistake()
    {
        string[] paths =
        [
            "/from/soon/shapes?offset=-1&owner=anna", "/v1/open/shapes/owned?offset=-1&owner=anna&least=soon",
        ];
        foreach (var path in paths)
        {
            Assert.Contains("'least' must be of type int", await ExpectAsync(HttpStatusCode.BadRequest, path));
            await ExpectAsync(HttpStatusCode.BadRequest, path, HttpMethod.Head);
        }

        Assert.Equal([2], Ids(await ExpectAsync(HttpStatusCode.OK, "/from/2/shapes?offset=-1&params[2]=bert")));
        foreach (var (path, message) in new[]
        {
            ("/wrong/shapes", "The endpoint gives a value for 'top', which the query 'owned' does not take"),
            ("/wrong/states", "The endpoint gives a value for 'me', which the query 'mine' does not take"),
        })
        {
            await ExpectAsync(
                HttpStatusCode.InternalServerError, $"{path}?offset=-1", HttpMethod.Get,
                ("Authorization", $"Bearer {_issuer.Token("anna")}"));
            await _api.Log.FindAsync(
                entry => entry.Exception is InvalidOperationException mistake
                    && mistake.Message.StartsWith(message, StringComparison.Ordinal),
                message);
        }
    }

    [Fact]
    public async Task Without_AddQueries_it_says_what_to_call()
    {
        Action<WebApplication>[] all =
        [
            app => app.MapShapes(), app => app.MapPublicShapes(), app => app.MapStates(), app => app.MapPublicStates(),
        ];
        foreach (var map in all)
        {
            var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => PlainApi.StartAsync(map));
            Assert.Contains("AddQueries()", failure.Message, StringComparison.Ordinal);
        }
    }

    // The rows, and then a change of them.
    private async Task<HttpResponseMessage> FollowAsync(
        Protocol protocol, string path, params (string Name, string Value)[] headers)
    {
        var start = await SendAsync($"{path}?offset=-1", HttpMethod.Get, headers);
        Assert.Equal([1, 2], Ids(await start.Content.ReadAsStringAsync().Within()));
        Assert.Contains(protocol.Offset, start.Headers.GetValues("Access-Control-Expose-Headers").Single());
        await postgres.ExecuteAsync("insert into mapped_items values (3, 'carl')");

        var offset = start.Headers.GetValues(protocol.Offset).Single();
        using var change = await SendAsync($"{path}?offset={offset}{protocol.Live}", HttpMethod.Get, headers);
        Assert.Equal([3], Ids(await change.Content.ReadAsStringAsync().Within()));
        await postgres.ExecuteAsync("delete from mapped_items where id = 3");
        return start;
    }

    private static IEnumerable<int> Ids(string body) => JsonNode.Parse(body)!.AsArray()
        .Where(message => (string?)message!["headers"]?["operation"] == "insert")
        .Select(message => int.Parse(message!["value"]!["id"]!.ToString(), provider: null));

    private async Task<string> ExpectAsync(
        HttpStatusCode status, string path, HttpMethod? method = null, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(path, method ?? HttpMethod.Get, headers);
        var body = await response.Content.ReadAsStringAsync().Within();
        Assert.True(status == response.StatusCode, $"{path}: {response.StatusCode} {body}");
        return body.Replace("\\u0027", "'", StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> SendAsync(
        string path, HttpMethod method, IEnumerable<(string Name, string Value)> headers)
    {
        var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return _api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).Within();
    }

    private static Protocol ShapeProtocol { get; }
        = new("shapes", "electric-offset", "&live=true&handle=x", HttpStatusCode.Conflict);

    private static Protocol StateProtocol { get; }
        = new("states", "Stream-Next-Offset", "&live=long-poll", HttpStatusCode.Gone);

    // Where it says its offset, how it is followed, and the status of an offset that is no longer good.
    private sealed record Protocol(string Route, string Offset, string Live, HttpStatusCode Anew);
}
