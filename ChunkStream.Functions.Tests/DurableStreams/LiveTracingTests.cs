using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using ChunkStream.DurableStreams.Live;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>What a reader that waits leaves in traces, and in the web server's measurements.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class LiveTracingTests(RealPostgres postgres)
{
    [Fact]
    public async Task What_is_read_for_all_readers_is_no_part_of_the_span_of_one()
    {
        using var spans = new RecordedSpans();
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString);
        var path = await api.CreateAsync("text/plain", "begun");

        // This reader is the first, and so begins what works for all from then on: listening, and looking for changes.
        var (response, trace) = await spans.GetAsync(api, $"/api/streams/{path}?offset=-1&live=sse");
        using (response)
        {
            await using var body = await response.Content.ReadAsStreamAsync();
            var listener = api.Get<ChangeListener>();
            await Bounded.Until(() => Task.FromResult(listener.IsProved), "changes are heard of");
            await api.AppendAsync(path, "text/plain", "more");
            for (var text = ""; !text.Contains("more", StringComparison.Ordinal);)
                text += await body.ReadSomeAsync();
        }

        var (stream, others) = await spans.EndedAsync(trace);
        Assert.Equal("stream streams", stream.DisplayName);
        Assert.Equal("ClientLeft", stream.GetTagItem("chunkstream.outcome"));
        Assert.Contains(others, span => span.Source.Name == "Npgsql");
        Assert.DoesNotContain(
            others,
            span => span.Source.Name == "Npgsql" && span.StartTimeUtc > stream.StartTimeUtc);
    }

    [Fact]
    public async Task A_request_that_lasts_by_design_is_no_slow_request()
    {
        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString, settings: ("ChunkStream:Streams:LongPollSeconds", "0.1"));
        var path = await api.CreateAsync("text/plain", "begun");
        var measured = new ConcurrentQueue<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, it) =>
        {
            if (instrument.Name == "http.server.request.duration" && instrument.Meter.Scope == api.Meters)
                it.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) =>
        {
            var all = tags.ToArray().ToDictionary();
            measured.Enqueue($"{all["http.response.status_code"]} {all["http.route"]}");
        });
        listener.Start();

        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/api/lines?count=3"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync($"/api/streams/{path}"));
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync($"/api/streams/{path}?offset=now&live=long-poll"));
        Assert.Equal(HttpStatusCode.BadRequest, await StatusAsync("/api/lines?count=x"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/api/health"));

        // The last of them is measured once it has ended, after its client has its response.
        await Bounded.Until(
            () => Task.FromResult(measured.Any(one => one.EndsWith("health", StringComparison.Ordinal))),
            "the last request is measured");
        Assert.Equal(["400 /api/lines", "200 /api/health"], measured);

        async Task<HttpStatusCode> StatusAsync(string path)
        {
            using var response = await api.Client.GetAsync(path).Within();
            return response.StatusCode;
        }
    }
}
