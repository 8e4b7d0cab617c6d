using System.IO.Compression;
using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.DurableStreams;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Http;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests;

/// <summary>
/// What an app's own endpoint returns, in a minimal API that knows nothing of ChunkStream but <c>AddChunkStream()</c>.
/// </summary>
public sealed class StreamResultsTests : IAsyncLifetime
{
    private readonly ScriptedSource _script = new();
    private readonly Dictionary<string, Func<HttpContext, IResult>> _own = [];
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PlainApi _api = null!;

    public async Task InitializeAsync() => _api = await PlainApi.StartAsync(
        app =>
        {
            // An endpoint needs only one line of body.
            app.MapGet("/lines", () => StreamResults.Items(Lines));
            app.MapGet("/orders/{id}", (int id) => StreamResults.Items(Orders(id)));
            app.MapGet("/named", () => StreamResults.Items(Lines)).WithName("the-name");
            app.Map("/own/{name}", (HttpContext http, string name) => _own[name](http));
        },
        services => services.ConfigureHttpJsonOptions(
            json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower));

    public async Task DisposeAsync() => await _api.DisposeAsync();

    public static TheoryData<string> Formats => [.. StreamFormats.All.Select(format => format.Name)];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_sequence_is_offered_in_every_format_as_all_else_is(string format)
    {
        using var response = await _api.GetAsync($"/lines?format={format}&theirs=1");
        var read = await StreamRead.OfAsync(response, format);

        Assert.True(read.IsComplete);
        Assert.Equal(format == "text" ? ["a\nb\n"] : ["a", "b"], read.Records);
        Assert.Equal("no-store, no-transform", response.Headers.CacheControl!.ToString());
    }

    [Fact]
    public async Task Items_are_written_by_the_options_of_the_app_and_of_the_endpoint()
    {
        Own("text", StreamResults.Items(Orders(1), new() { DefaultFormat = StreamFormats.Csv, Name = "orders" }));

        Assert.Equal("{\"order_id\":7,\"customer_name\":null}\n", await _api.TextAsync("/orders/7"));
        Assert.Equal("order_id,customer_name\r\n1,\r\n", await _api.TextAsync("/own/text"));
    }

    [Fact]
    public async Task Each_item_leaves_at_once_and_a_silence_has_heartbeats()
    {
        await using var api = await PlainApi.StartAsync(
            app => app.MapGet("/script", () => StreamResults.Items(_script.Items)),
            streaming: streaming => streaming.HeartbeatSeconds = streaming.FirstRecordSeconds = 0.2);
        using var response = await api.GetAsync("/script?format=ndjson");
        await using var body = await response.Content.ReadAsStreamAsync();

        Assert.StartsWith(" ", await body.ReadSomeAsync(), StringComparison.Ordinal);
        _script.Yield("first");
        var text = "";
        while (!text.Contains("\"first\"\n", StringComparison.Ordinal))
            text += await body.ReadSomeAsync();
    }

    [Fact]
    public async Task The_generator_ends_with_its_client_and_the_outcome_is_logged_by_route_name_or_option()
    {
        Own("endless", StreamResults.Items(Endless, new() { Name = "mine" }));
        using (var leaving = new CancellationTokenSource())
        {
            var response = await _api.Client.GetAsync(
                "/own/endless", HttpCompletionOption.ResponseHeadersRead, leaving.Token).Within();
            response.Dispose();
        }

        await _left.Task.Within();
        Assert.Contains(
            "mine ended: ClientLeft", (await _api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
        Assert.Contains("orders/{id} ended: Completed", await EndedAsync("/orders/1"), StringComparison.Ordinal);
        Assert.Contains("the-name ended: Completed", await EndedAsync("/named"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_that_the_app_describes_is_a_status_before_the_first_item_and_a_last_word_after_it()
    {
        var options = new StreamItemsOptions<string>
        {
            DescribeFailure = failure => failure is KeyNotFoundException
                ? new ProblemDetails
                {
                    Status = 404,
                    Type = "https://example.org/no-order",
                    Title = "No such order",
                    Detail = failure.Message,
                    Instance = "/o/1",
                    Extensions = { ["order"] = 1 },
                }
                : null,
        };
        Own("at-once", () => StreamResults.Items(Missing, options));
        Own("later", () => StreamResults.Items(FailingLater, options));
        Own("unknown", () => StreamResults.Items(Broken, options));

        using var missing = await _api.GetAsync("/own/at-once");
        var problem = await missing.ProblemAsync();
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal(
            """{"type":"https://example.org/no-order","title":"No such order","status":404"""
            + ""","detail":"There is no order 1.","order":1,"instance":"/o/1"}""",
            problem.ToJsonString());
        Assert.Equal(LogLevel.Information, (await _api.Log.StreamEndedAsync()).Level);

        var read = await StreamRead.OfAsync(await _api.GetAsync("/own/later?format=frames"), "frames");
        Assert.Equal(["first"], read.Records);
        Assert.False(read.IsComplete);
        Assert.Equal("There is no order 2.", (string?)read.Error!["detail"]);

        using var internalError = await _api.GetAsync("/own/unknown");
        Assert.Equal(HttpStatusCode.InternalServerError, internalError.StatusCode);
        Assert.DoesNotContain("secret", await internalError.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_keep_their_names_ids_and_waits_where_they_are_events_and_are_data_where_not()
    {
        Own("events", StreamResults.Items(Events));
        var events = SseReader.Events(await _api.TextAsync("/own/events?format=sse"));
        var raw = await _api.TextAsync("/own/events?format=sse");

        Assert.Equal(
            [("tick", "{\"order_id\":1,\"customer_name\":null}"), ("", "{\"order_id\":2,\"customer_name\":null}")],
            events.Where(item => item.Name is not ("schema" or "end")));
        Assert.Contains("\nevent: tick\nid: über 1\nretry: 2500\n\n", raw, StringComparison.Ordinal);
        Assert.Equal(
            "{\"order_id\":1,\"customer_name\":null}\n{\"order_id\":2,\"customer_name\":null}\n",
            await _api.TextAsync("/own/events"));

        // The ids of events belong to the endpoint. Only the id 'end' is the stream's.
        using var again = new HttpRequestMessage(HttpMethod.Get, "/own/events")
        {
            Headers = { { "Accept", "text/event-stream" }, { "Last-Event-ID", "7" } },
        };
        Assert.Equal(HttpStatusCode.OK, (await _api.Client.SendAsync(again).Within()).StatusCode);
        using var done = new HttpRequestMessage(HttpMethod.Get, "/own/events")
        {
            Headers = { { "Accept", "text/event-stream" }, { "Last-Event-ID", "end" } },
        };
        Assert.Equal(HttpStatusCode.NoContent, (await _api.Client.SendAsync(done).Within()).StatusCode);
    }

    [Theory]
    [InlineData("end", null)]
    [InlineData("error", null)]
    [InlineData("schema", null)]
    [InlineData(null, "end")]
    public async Task An_event_that_a_client_would_take_for_the_streams_own_is_refused(string? type, string? id)
    {
        Own(
            "false",
            StreamResults.Items(new[] { new SseItem<string>("x", type) { EventId = id } }.ToAsyncEnumerable()));

        var read = await StreamRead.OfAsync(await _api.GetAsync("/own/false?format=sse"), "sse");

        Assert.False(read.IsComplete);
        Assert.Equal(500, (int?)read.Error!["status"]);
    }

    [Fact]
    public async Task Tokens_join_to_one_text_where_line_feeds_are_off()
    {
        Own("tokens", StreamResults.Items(Lines, new() { TextLineFeeds = false }));

        Assert.Equal("ab", await _api.TextAsync("/own/tokens"));
        Assert.Equal("\"a\"\n\"b\"\n", await _api.TextAsync("/own/tokens?format=ndjson"));
    }

    [Fact]
    public async Task A_stream_ends_at_its_own_deadline_or_at_the_end_of_the_call()
    {
        using var call = new CancellationTokenSource();
        Own("deadline", StreamResults.Items(Endless, new() { MaxDuration = TimeSpan.FromSeconds(5) }));
        Own("call", http =>
        {
            http.Features.Set<IInvocationFeature>(new Call("function", call.Token));
            return StreamResults.Items(Endless);
        });

        using var ending = await _api.GetAsync("/own/call?format=frames");
        await call.CancelAsync();
        Assert.False((await StreamRead.OfAsync(ending, "frames")).IsComplete);
        var late = await StreamRead.OfAsync(await _api.GetAsync("/own/deadline?format=frames"), "frames");
        Assert.Equal("urn:chunkstream:deadline-reached", (string?)late.Error!["type"]);
        await Bounded.Until(
            () => Task.FromResult(_api.Log.Entries.Any(
                entry => entry.Message.StartsWith("Stream function ended", StringComparison.Ordinal))),
            "the call has ended");
        Assert.Throws<ArgumentOutOfRangeException>(() => new StreamResultOptions { MaxDuration = TimeSpan.Zero });
    }

    [Fact]
    public async Task Head_and_refusals_start_no_generator_and_bodies_are_compressed_on_demand()
    {
        var started = 0;
        Own("counted", () => StreamResults.Items(_ =>
        {
            started++;
            return Orders(1);
        }));
        using var head = await _api.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/own/counted")).Within();
        using var refused = await _api.GetAsync("/own/counted?format=xml");
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(HttpStatusCode.NotAcceptable, refused.StatusCode);
        Assert.Equal(0, started);

        using var request = new HttpRequestMessage(HttpMethod.Get, "/own/counted?download")
        {
            Headers = { { "Accept-Encoding", "gzip" } },
        };
        using var response = await _api.Client.SendAsync(request).Within();
        await using var body = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        Assert.Equal(
            "{\"order_id\":1,\"customer_name\":null}\n", await new StreamReader(body).ReadToEndAsync().Within());
        Assert.Equal("own-name.ndjson", response.Content.Headers.ContentDisposition!.FileName);
        Assert.Equal(1, started);
    }

    [Fact]
    public async Task A_source_of_ones_own_is_streamed_as_any_other()
    {
        Own("source", StreamResults.Source(_script.Open, new() { Name = "source" }));
        _script.Yield("a", "b").End();

        var read = await StreamRead.OfAsync(await _api.GetAsync("/own/source?format=sse"), "sse");

        Assert.True(read.IsComplete);
        Assert.Equal(["a", "b"], read.Records);
    }

    [Fact]
    public async Task An_app_that_has_not_registered_it_is_told_so()
    {
        var http = new DefaultHttpContext { RequestServices = new ServiceCollection().BuildServiceProvider() };

        var mistake = await Assert.ThrowsAsync<InvalidOperationException>(
            () => StreamResults.Items(Lines).ExecuteAsync(http));

        Assert.Contains("AddChunkStream()", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_added_that_was_not_asked_for()
    {
        var services = new ServiceCollection();
        services.AddChunkStream();
        services.AddChunkStream();

        Assert.Single(services, service => service.ServiceType == typeof(StreamEngine));
        Assert.DoesNotContain(
            services, service => service.ServiceType.FullName!.Contains("IHostedService", StringComparison.Ordinal));
        Assert.DoesNotContain(
            services, service => service.ToString().Contains("SocketTransportOptions", StringComparison.Ordinal));
    }

    private void Own(string name, IResult result) => _own[name] = _ => result;

    private void Own(string name, Func<IResult> result) => _own[name] = _ => result();

    private void Own(string name, Func<HttpContext, IResult> result) => _own[name] = result;

    private async Task<string> EndedAsync(string path)
    {
        _ = _api.Log.Take().ToArray();
        await _api.TextAsync(path);
        return (await _api.Log.StreamEndedAsync()).Message;
    }

    private static async IAsyncEnumerable<string> Lines([EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return "a";
        await Task.Yield();
        cancellation.ThrowIfCancellationRequested();
        yield return "b";
    }

    private static async IAsyncEnumerable<Order> Orders(int id)
    {
        await Task.Yield();
        yield return new Order(id, null);
    }

    private static async IAsyncEnumerable<SseItem<Order>> Events(
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return new SseItem<Order>(new Order(1, null), "tick")
        {
            EventId = "über 1",
            ReconnectionInterval = TimeSpan.FromSeconds(2.5),
        };
        await Task.Yield();
        yield return new SseItem<Order>(new Order(2, null));
    }

    private static IAsyncEnumerable<string> Missing(CancellationToken cancellation)
        => throw new KeyNotFoundException("There is no order 1.");

    private static IAsyncEnumerable<string> Broken(CancellationToken cancellation)
        => throw new InvalidOperationException("secret");

    private static async IAsyncEnumerable<string> FailingLater([EnumeratorCancellation] CancellationToken cancellation)
    {
        yield return "first";
        await Task.Yield();
        throw new KeyNotFoundException("There is no order 2.");
    }

    private async IAsyncEnumerable<string> Endless([EnumeratorCancellation] CancellationToken cancellation)
    {
        try
        {
            yield return "on";
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
        }
        finally
        {
            _left.TrySetResult();
        }
    }

    private sealed record Order(int OrderId, string? CustomerName);

    private sealed record Call(string Name, CancellationToken Ended) : IInvocationFeature;
}
