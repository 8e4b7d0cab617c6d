using System.Diagnostics;
using System.Net;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Streaming;
using Microsoft.Extensions.Time.Testing;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>A stream is one span, which says how it ended.</summary>
public sealed class TracingTests : IAsyncLifetime
{
    private readonly RecordedSpans _spans = new();
    private LocalApi _api = null!;

    public async Task InitializeAsync() => _api = await LocalApi.StartAsync();

    public async Task DisposeAsync()
    {
        _spans.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_is_one_span_within_that_of_the_server()
    {
        var (body, stream, others) = await _spans.ReadAsync(_api, "/api/messages?count=3&intervalMs=50");

        Assert.Equal(96, body.Length);
        var server = Assert.Single(others);
        Assert.Equal(server.SpanId, stream.ParentSpanId);
        Assert.Equal(("stream messages", ActivityKind.Internal), (stream.DisplayName, stream.Kind));
        Assert.Equal(
            [
                ("chunkstream.bytes", 96L),
                ("chunkstream.format", "ndjson"),
                ("chunkstream.outcome", "Completed"),
                ("chunkstream.records", 3L),
                ("chunkstream.stall", stream.GetTagItem("chunkstream.stall")),
                ("chunkstream.stream", "messages"),
            ],
            stream.TagObjects.Select(tag => (tag.Key, tag.Value)).Order());
        Assert.Equal(ActivityStatusCode.Unset, stream.Status);
        Assert.Empty(stream.Links);

        // Of two pauses of 50 ms the second is between the first byte and the last. The first may have begun before.
        var firstByte = Assert.Single(stream.Events);
        Assert.Equal("chunkstream.first_byte", firstByte.Name);
        Assert.InRange(stream.Duration - (firstByte.Timestamp - stream.StartTimeUtc), TimeSpan.FromMilliseconds(40),
            Bounded.Limit);
    }

    [Fact]
    public async Task Its_status_is_an_error_where_the_server_was_at_fault()
    {
        var failing = _api.Serve(StreamFormats.Frames, FaultySource.FailsAt(2));
        var refused = _api.Serve(StreamFormats.Frames, FaultySource.FailsAt(0));
        using var invocation = new CancellationTokenSource();
        var stopped = _api.Serve(StreamFormats.Frames, FaultySource.StallsAfter(1), invocation.Token);

        await AssertAsync(failing, "Failed", ActivityStatusCode.Error, "internal-error");
        await AssertAsync(refused, "Refused", ActivityStatusCode.Error, "internal-error");
        await AssertAsync("/api/lines?count=x", "Refused", ActivityStatusCode.Unset, "invalid-parameters");

        var (gone, trace) = await _spans.GetAsync(_api, _api.Serve(StreamFormats.Frames, FaultySource.StallsAfter(1)));
        gone.Dispose();
        var (stream, _) = await _spans.EndedAsync(trace);
        Assert.Equal("ClientLeft", stream.GetTagItem("chunkstream.outcome"));
        Assert.Equal((ActivityStatusCode.Unset, null), (stream.Status, stream.GetTagItem("error.type")));

        async Task AssertAsync(string path, string outcome, ActivityStatusCode status, string type)
        {
            var (response, trace) = await _spans.GetAsync(_api, path);
            response.Dispose();
            var (stream, _) = await _spans.EndedAsync(trace);
            Assert.Equal(outcome, stream.GetTagItem("chunkstream.outcome"));
            Assert.Equal((status, type), (stream.Status, stream.GetTagItem("error.type")));
            Assert.Equal(status is ActivityStatusCode.Error ? type : null, stream.StatusDescription);
        }
    }

    [Theory]
    [InlineData(StreamOutcome.Completed, false)]
    [InlineData(StreamOutcome.Continued, false)]
    [InlineData(StreamOutcome.ClientLeft, false)]
    [InlineData(StreamOutcome.Failed, true)]
    [InlineData(StreamOutcome.DeadlineReached, true)]
    [InlineData(StreamOutcome.Stopped, true)]
    public void Each_outcome_is_an_error_or_is_none(StreamOutcome outcome, bool isError)
    {
        var report = new StreamReport("s", "f", outcome, null, 0, 0, default, null, default);

        Assert.Equal(isError, report.IsError);
    }

    [Fact]
    public void However_much_happens_the_events_are_bounded()
    {
        using var all = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ChunkStreamTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options)
                => options.Name == "stream bounded" ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
        };
        var ended = (Activity?)null;
        all.ActivityStopped = span => ended = span.DisplayName == "stream bounded" ? span : ended;
        ActivitySource.AddActivityListener(all);
        var time = new FakeTimeProvider();
        using var span = StreamSpan.Start("bounded", "frames", origin: null, time)!;
        for (var second = 0; second < 1000; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            span.Stalled(TimeSpan.FromSeconds(1), second);
            span.ConnectionReturned(second);
            span.Continued("reader", second);
        }

        span.End(new StreamReport(
            "bounded", "frames", StreamOutcome.Completed, null, 0, 0, default, TimeSpan.FromSeconds(0.5), default));

        Assert.Equal(StreamSpan.MostEvents + 1, ended!.Events.Count());
        Assert.Equal(TimeSpan.FromSeconds(0.5), ended.Events.Last().Timestamp - ended.StartTimeUtc);
        var second2 = ended.Events.ElementAt(1);
        Assert.Equal(
            ("chunkstream.connection.returned", TimeSpan.FromSeconds(1)),
            (second2.Name, second2.Timestamp - ended.StartTimeUtc));
    }

    [Fact]
    public async Task A_reader_that_takes_nothing_for_a_while_is_an_event()
    {
        const int Items = 20_000;
        var script = new ScriptedSource().Yield([.. Enumerable.Repeat(new string('x', 1000), Items)]).End();
        var (response, trace) = await _spans.GetAsync(_api, _api.Serve(StreamFormats.Ndjson, script.Open));
        using (response)
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            await body.ReadSomeAsync();

            // The server does not wait before what lies between it and its reader is full.
            var taken = 0;
            await Bounded.Until(
                async () =>
                {
                    taken = script.Taken;
                    await Task.Delay(100);
                    return taken == script.Taken;
                },
                "the source comes to a halt");
            Assert.InRange(taken, 1, Items - 1);
            await Task.Delay(StreamSpan.LongStall * 1.5);
            await body.CopyToAsync(Stream.Null).Within();
        }

        var (stream, _) = await _spans.EndedAsync(trace);
        // On a busy machine it may come to a second one.
        var stall = stream.Events.First(happened => happened.Name == "chunkstream.stall");
        var duration = (double)stall.Tags.Single(tag => tag.Key == "chunkstream.stall").Value!;
        Assert.InRange(duration, 1, (double)stream.GetTagItem("chunkstream.stall")!);
        Assert.InRange((long)stall.Tags.Single(tag => tag.Key == "chunkstream.records").Value!, 1, Items - 1);
    }

    [Theory]
    [InlineData("00-00000000000000000000000000000000-0000000000000000-01")]
    [InlineData("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz")]
    [InlineData("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")]
    [InlineData("''; drop table streams; --")]
    public async Task No_trace_context_of_a_client_disturbs_its_stream(string traceparent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/messages?count=3&intervalMs=0");
        request.Headers.TryAddWithoutValidation("traceparent", traceparent);
        request.Headers.TryAddWithoutValidation("tracestate", new string('x', 5000) + "=,,;");
        request.Headers.TryAddWithoutValidation("baggage", "a=b,,=%zz," + new string('y', 5000));
        using var response = await _api.Client.SendAsync(request).Within();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(96, (await response.Content.ReadAsStringAsync().Within()).Length);
    }
}
