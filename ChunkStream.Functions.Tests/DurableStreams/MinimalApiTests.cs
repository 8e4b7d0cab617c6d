using System.Net;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// Durable streams and recordings as an adopter uses them: a minimal API, <c>AddDurableStreams()</c>, and one line
/// a route.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class MinimalApiTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly string _name = Guid.NewGuid().ToString("N");
    private int _starts;
    private PlainApi _api = null!;

    public async Task InitializeAsync() => _api = await PlainApi.StartAsync(
        app =>
        {
            app.MapDurableStreams("/own/streams").AddEndpointFilter(RequireKey);
            app.MapPublicDurableStreams();
            app.MapGroup("/grouped").MapDurableStreams();

            // A recorded route takes one line.
            app.MapGet("/orders/{id}", (string id) => StreamResults.Recorded(id, _ => Orders()));
            app.MapGet("/words/{*id}", (string id) => StreamResults.Recorded(id, _ => Words()))
                .WithName("spoken-words");
            app.MapGet("/failing/{id}", (string id, string? subject) => StreamResults.Recorded(id, Failing, new()
            {
                Name = "failures",
                Subject = subject ?? "",
                DescribeFailure = failure => new ProblemDetails { Status = 418, Detail = failure.Message },
            }));
            app.MapGet("/undescribed/{id}", (string id) => StreamResults.Recorded(id, Failing, new()
            {
                DescribeFailure = _ => throw new InvalidOperationException("It can't be described."),
            }));
        },
        services => services
            .ConfigureHttpJsonOptions(
                json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower)
            .AddChunkStream().AddDurableStreams(streams => streams.SweepSeconds = 1),
        settings: ("ConnectionStrings:Postgres", postgres.ConnectionString));

    public async Task DisposeAsync() => await _api.DisposeAsync();

    [Fact]
    public async Task Streams_are_mapped_where_the_app_wants_them_and_for_whom_it_wants()
    {
        using var created = await SendAsync(HttpMethod.Put, $"/own/streams/a/{_name}?key=1", "[1]");
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.EndsWith($"/own/streams/a/{_name}", created.Headers.Location!.ToString(), StringComparison.Ordinal);
        using var appended = await SendAsync(HttpMethod.Post, $"/grouped/streams/a/{_name}", "[2,3]");
        Assert.Equal(HttpStatusCode.NoContent, appended.StatusCode);

        Assert.Equal("[1,2,3]", await _api.TextAsync($"/own/streams/a/{_name}?key=1"));
        Assert.Equal("[1,2,3]", await _api.TextAsync($"/public/streams/a/{_name}"));
        using var head = await SendAsync(HttpMethod.Head, $"/public/streams/a/{_name}");
        Assert.Equal(DurableCalls.Offset(3), head.Header("Stream-Next-Offset"));
        Assert.Equal("cross-origin", head.Header("Cross-Origin-Resource-Policy"));
        using var live = await _api.GetAsync($"/grouped/streams/a/{_name}?offset=-1&live=sse");
        Assert.Equal("text/event-stream", live.Content.Headers.ContentType!.MediaType);

        using var keyless = await SendAsync(HttpMethod.Get, $"/own/streams/a/{_name}");
        Assert.Equal(HttpStatusCode.Unauthorized, keyless.StatusCode);
        foreach (var method in new[] { HttpMethod.Put, HttpMethod.Post, HttpMethod.Delete })
        {
            using var writing = await SendAsync(method, $"/public/streams/a/{_name}", "[4]");
            Assert.Equal(HttpStatusCode.MethodNotAllowed, writing.StatusCode);
        }

        using var deleted = await SendAsync(HttpMethod.Delete, $"/own/streams/a/{_name}?key=1");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    [Fact]
    public async Task A_generator_is_recorded_by_one_line_under_the_name_of_its_endpoint()
    {
        var first = await _api.TextAsync($"/orders/{_name}");
        Assert.Equal("{\"order_id\":1}\n{\"order_id\":2}\n", first);
        Assert.Equal(first, await _api.TextAsync($"/orders/{_name}"));
        Assert.Equal("{\"order_id\":2}\n", await _api.TextAsync($"/orders/{_name}?resume={DurableCalls.Offset(1)}"));
        Assert.Equal(1, _starts);
        Assert.Equal(
            "[{\"order_id\":1},{\"order_id\":2}]",
            await _api.TextAsync($"/grouped/streams/recordings/orders.%7Bid%7D/{_name}"));

        Assert.Equal("a\nb\n", await _api.TextAsync($"/words/x/{_name}"));
        Assert.Equal("a\nb\n", await _api.TextAsync($"/grouped/streams/recordings/spoken-words/x/{_name}"));
    }

    [Fact]
    public async Task What_can_not_be_recorded_is_said_and_a_failure_as_the_app_describes_it()
    {
        using var failed = await _api.GetAsync($"/failing/{_name}");
        Assert.Equal(418, (int)failed.StatusCode);
        Assert.Contains("No such order.", await failed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var other = await _api.GetAsync($"/failing/{_name}?subject=another");
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        using var undescribed = await _api.GetAsync($"/undescribed/{_name}");
        Assert.Equal(HttpStatusCode.InternalServerError, undescribed.StatusCode);

        using var badName = await _api.GetAsync("/words/x//y");
        var problem = await badName.Content.ReadFromJsonAsync<ProblemDetails>();
        Assert.Equal((400, "urn:chunkstream:invalid-stream-path"), (problem!.Status!.Value, problem.Type));
        using var badPlace = await _api.GetAsync($"/orders/{_name}?resume=x");
        Assert.Equal(
            "urn:chunkstream:invalid-resume-token", (await badPlace.Content.ReadFromJsonAsync<ProblemDetails>())!.Type);
        Assert.Throws<ArgumentException>(() => StreamResults.Recorded("x", _ => Words(), new() { Name = "a/b" }));
    }

    [Fact]
    public async Task What_has_expired_goes_from_the_database_without_a_further_call()
    {
        using var created = await SendAsync(HttpMethod.Put, $"/grouped/streams/{_name}", "[1]", ("Stream-TTL", "0"));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);

        await Bounded.Until(
            async () => await postgres.ScalarAsync<long>(
                $"select count(*) from chunkstream.streams where path = '{_name}'") == 0,
            "the stream is taken out");
    }

    [Fact]
    public async Task Capability_URLs_are_made_where_the_app_wants_them_and_lead_to_its_streams()
    {
        await using var api = await PlainApi.StartAsync(
            app =>
            {
                var group = app.MapGroup("/v1");
                group.MapDurableStreams("/all");
                group.MapDurableStreamsForUsers("/my/streams");
                group.MapCapabilities("/keys", "/my/streams").AddEndpointFilter(RequireKey);
                group.MapCapabilitiesForUsers("/my/keys/", "/my/streams/");
                Assert.Contains("'/{tenant}/keys' has a parameter", Assert.Throws<ArgumentException>(
                    () => app.MapCapabilities("/{tenant}/keys")).Message, StringComparison.Ordinal);
                Assert.Throws<ArgumentException>(() => app.MapCapabilitiesForUsers("/keys", "/{tenant}/streams"));
            },
            services => services.AddChunkStream().AddDurableStreams().AddIdentity(),
            settings:
            [
                ("ConnectionStrings:Postgres", postgres.ConnectionString),
                ("ChunkStream:Streams:CapabilityKey", "a secret of 32 bytes for the tests"),
            ]);
        using var put = await api.Client.PutAsync($"/v1/all/{_name}", new StringContent("here")).Within();
        var asked = $$"""{"path":"{{_name}}","operations":["read"],"seconds":60}""";

        foreach (var route in (string[])["/v1/keys?key=1", "/v1/keys/?key=1"])
        {
            using var made = await api.Client.PostAsync(route, new StringContent(asked)).Within();
            Assert.Equal(HttpStatusCode.Created, made.StatusCode);
            var url = (await made.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("url").GetString()!;
            Assert.StartsWith($"{api.Client.BaseAddress}v1/my/streams/{_name}?capability=", url);
            Assert.Equal("here", await api.TextAsync(url));
        }

        foreach (var route in (string[])["/v1/keys", "/v1/my/keys"])
        {
            using var refused = await api.Client.PostAsync(route, new StringContent(asked)).Within();
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Without_AddDurableStreams_it_is_said_what_to_call()
    {
        var mapping = await Assert.ThrowsAsync<InvalidOperationException>(
            () => PlainApi.StartAsync(app => app.MapDurableStreams()));
        Assert.Contains("AddDurableStreams()", mapping.Message, StringComparison.Ordinal);

        await using var api = await PlainApi.StartAsync(
            app => app.MapGet("/words", () => StreamResults.Recorded("x", _ => Words())));
        using var response = await api.GetAsync("/words");
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        await api.Log.FindAsync(
            entry => entry.Exception is InvalidOperationException { Message: var message }
                && message.Contains("AddDurableStreams()", StringComparison.Ordinal),
            "the log says what to call");
    }

    private async IAsyncEnumerable<Order> Orders()
    {
        Interlocked.Increment(ref _starts);
        yield return new Order(1);
        await Task.Yield();
        yield return new Order(2);
    }

    private static IAsyncEnumerable<string> Words() => new[] { "a", "b" }.ToAsyncEnumerable();

    private static async IAsyncEnumerable<Order> Failing([EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        if (!cancellation.IsCancellationRequested)
            throw new KeyNotFoundException("No such order.");
        yield break;
    }

    private static ValueTask<object?> RequireKey(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
        => context.HttpContext.Request.Query.ContainsKey("key")
            ? next(context)
            : ValueTask.FromResult<object?>(TypedResults.Unauthorized());

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string? json = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
            request.Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        return await _api.Client.SendAsync(request).Within();
    }

    private sealed record Order(int OrderId);
}
