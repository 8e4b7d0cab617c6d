using System.Diagnostics;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Otlp;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.LocalHost;

/// <summary>The local host sends what it measures by OTLP, with the real exporter, where an endpoint is set.</summary>
[Collection(RealPostgres.Collection)]
public sealed class TelemetryTests(RealPostgres postgres)
{
    // More than fits into sockets and buffers.
    private const int Rows = 20_000;

    [Fact]
    public async Task A_stream_that_two_processes_serve_is_two_linked_spans_with_their_databases_below()
    {
        if (OperatingSystem.IsWindows())
            return; // It has no signal for another process.
        await using var receiver = await TelemetryReceiver.StartAsync();
        using var queries = new QueryFiles().With(
            "rows", $"-- key: n\nselect n, repeat('x', 1000) as filler from generate_series(1, {Rows}) n");
        await using var first = await StartAsync(receiver, queries);
        await using var second = await StartAsync(receiver, queries);

        // The first process is stopped while the stream is under way, as a deployment does it.
        var (text, token) = ("", "");
        using (var response = await first.Client.GetAsync(
            "/api/queries/rows?format=frames", HttpCompletionOption.ResponseHeadersRead).Within())
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            await body.ReadSomeAsync();
            using var kill = Process.Start("kill", $"-TERM {first.Id}");

            // The stream waits for its reader until the process has heard of it, and takes no connections any more.
            await Bounded.Until(
                async () => !await LoopbackPort.AnswersAsync(first.Client.BaseAddress!.Port, CancellationToken.None),
                "the process has begun to stop");
            while (await body.ReadSomeAsync() is { Length: > 0 } more)
                text = text.Length > 1000 ? text[^1000..] + more : text + more;
            token = Regex.Match(text, "\"continue\":\"([^\"]+)\"").Groups[1].Value;
        }

        await second.Client.GetStringAsync($"/api/queries/rows?format=frames&resume={token}").Within();
        await first.EndAsync();

        var streams = await receiver.SpansAsync("stream query/rows", count: 2);
        var begun = streams.Single(one => one.Span.Links.Count == 0);
        var resumed = streams.Single(one => one.Span.Links.Count == 1);
        var link = resumed.Span.Links[0];
        Assert.Equal((begun.Span.TraceId, begun.Span.SpanId), (link.TraceId, link.SpanId));
        Assert.NotEqual(begun.Span.TraceId, resumed.Span.TraceId);
        Assert.Equal("Continued", Text(begun.Span, "chunkstream.outcome"));
        Assert.Equal("Completed", Text(resumed.Span, "chunkstream.outcome"));
        Assert.Equal(Rows, streams.Sum(one => Attribute(one.Span.Attributes, "chunkstream.records").IntValue));
        Assert.All(streams, one => Assert.Equal(0, one.Span.Status?.Code ?? 0));
        Assert.All(streams, one => Assert.Equal("ChunkStream", one.Scope));
        Assert.All(streams, one => Assert.Contains(one.Span.Events, at => at.Name == "chunkstream.first_byte"));
        Assert.Contains(resumed.Span.Events, at => at.Name == "chunkstream.continued");

        // Each process is an instance of one service.
        Assert.All(streams, one => Assert.Equal(
            "streams of the tests", Attribute(one.Resource.Attributes, "service.name").StringValue));
        var instances = streams.Select(one => Attribute(one.Resource.Attributes, "service.instance.id").StringValue);
        Assert.Equal(2, instances.Distinct().Count());

        // Above it is the server's, below it the database's. The server's ends last, and may come in a later batch.
        var servers = await receiver.SpansAsync("GET /api/queries/{name}", count: 2);
        Assert.Single(servers, one => one.Span.SpanId == resumed.Span.ParentSpanId);
        var all = receiver.Spans.Where(one => one.Span.TraceId == resumed.Span.TraceId).ToArray();
        Assert.Contains(all, one => one.Scope == "Npgsql" && one.Span.Name == "cursor rows"
            && one.Span.ParentSpanId == resumed.Span.SpanId);

        // Metrics and log go the same way, and the log names the trace.
        string[] expected =
            ["chunkstream.stream.duration", "db.client.connection.count", "dotnet.gc.collections"];
        await Bounded.Until(
            () => Task.FromResult(expected.All(name => receiver.Instruments.Keys.Any(one => one.Instrument == name))),
            "the instruments are exported");
        await Bounded.Until(
            () => Task.FromResult(receiver.Log.Any(line => line.TraceId == resumed.Span.TraceId
                && line.Body.StringValue.StartsWith("Stream query/rows ended: Completed", StringComparison.Ordinal))),
            "the stream's line is exported");
    }

    private static string Text(Span span, string key) => Attribute(span.Attributes, key).StringValue;

    private static AnyValue Attribute(IEnumerable<KeyValue> attributes, string key)
        => attributes.Single(attribute => attribute.Key == key).Value;

    private Task<WebProgram> StartAsync(TelemetryReceiver receiver, QueryFiles queries)
        => WebProgram.StartLocalHostAsync(
            ["--database", postgres.ConnectionString],
            ("ChunkStream__QueriesPath", queries.Setting.Value),
            ("ChunkStream__ResumeKey", "a key for tests that nobody guesses"),
            ("ChunkStream__Streaming__ShutdownSeconds", "0"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.Address),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_SERVICE_NAME", "streams of the tests"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "500"));
}
