using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;

namespace ChunkStream.Functions.Tests.Contract;

public sealed class OutcomeTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<(string Name, double Value, string Tags)> _measured = new();
    private readonly MeterListener _listener = new();
    private LocalApi _api = null!;

    public async Task InitializeAsync()
    {
        _api = await LocalApi.StartAsync();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == ChunkStreamTelemetry.MeterName && instrument.Meter.Scope == _api.Meters)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>(
            (instrument, value, tags, _) => Measured(instrument, value, tags));
        _listener.Start();
    }

    public async Task DisposeAsync()
    {
        _listener.Dispose();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task A_stream_is_one_log_line_and_one_measurement_an_instrument()
    {
        await _api.Client.GetStringAsync("/api/messages?count=3&intervalMs=0").Within();

        var ended = await _api.Log.StreamEndedAsync();
        Assert.Matches(
            @"^Stream messages ended: Completed as ndjson, 3 records, 96 bytes in \d+ ms "
            + @"\(first byte after \d+ ms, \d+ ms waiting for the reader\)$",
            ended.Message);
        Assert.Single(_api.Log.Entries, entry => entry.Event.Name == "StreamEnded");

        // What is measured follows the line.
        await Bounded.Until(() => Task.FromResult(_measured.Count >= 7), "it is measured");
        const string Tags = "chunkstream.stream=messages chunkstream.format=ndjson";
        const string Outcome = Tags + " chunkstream.outcome=Completed";
        Assert.Equal(
            [
                ("chunkstream.stream.active", Tags),
                ("chunkstream.stream.active", Tags),
                ("chunkstream.stream.bytes", Outcome),
                ("chunkstream.stream.duration", Outcome),
                ("chunkstream.stream.first_byte", Outcome),
                ("chunkstream.stream.records", Outcome),
                ("chunkstream.stream.stall", Outcome),
            ],
            _measured.Select(measured => (measured.Name, measured.Tags)).Order());
        Assert.Equal(3, _measured.Single(measured => measured.Name == "chunkstream.stream.records").Value);
        Assert.Equal(96, _measured.Single(measured => measured.Name == "chunkstream.stream.bytes").Value);
        Assert.Equal(
            0,
            _measured.Where(measured => measured.Name == "chunkstream.stream.active").Sum(measured => measured.Value));
    }

    [Fact]
    public async Task Time_spent_waiting_for_the_reader_is_told_apart()
    {
        using var client = await RawClient.GetAsync(_api.Client.BaseAddress!, "/api/lines?count=1000000&intervalMs=0");
        await Task.Delay(TimeSpan.FromSeconds(2));
        await client.CountToEndAsync((byte)'\n');

        await Bounded.Until(
            () => Task.FromResult(_measured.Any(measured => measured.Name == "chunkstream.stream.stall")),
            "the wait is measured");
        Assert.InRange(_measured.Single(measured => measured.Name == "chunkstream.stream.stall").Value, 0.3, 30);
    }

    [Fact]
    public async Task A_generator_that_throws_ends_only_its_own_stream()
    {
        var script = new ScriptedSource().Yield("before");
        using var healthy = await _api.GetAsync(_api.Serve(StreamFormats.Frames, script.Open));
        Exception[] failures =
        [
            new InvalidOperationException(), new OperationCanceledException(), new TimeoutException(),
            new IOException(), new ObjectDisposedException("x"), new AggregateException(),
            new HttpRequestException(), new TaskCanceledException(), new InsufficientMemoryException(),
        ];
        await Task.WhenAll(
            failures.SelectMany(failure => new[] { 0, 1, 1000 }.Select(item => FailsAsync(failure, item))));

        script.Yield("after").End();
        var read = await StreamRead.OfAsync(healthy, "frames");
        read.AssertWhole(["before", "after"]);

        async Task FailsAsync(Exception failure, int item)
        {
            using var response = await _api.GetAsync(
                _api.Serve(StreamFormats.Frames, FaultySource.FailsAt(item, failure)));
            Assert.Equal(item == 0 ? HttpStatusCode.InternalServerError : HttpStatusCode.OK, response.StatusCode);
            if (item > 0)
                (await StreamRead.OfAsync(response, "frames")).AssertCut();
        }
    }

    [Fact]
    public async Task An_item_that_throws_while_it_is_written_ends_only_its_own_stream()
    {
        foreach (var format in StreamFormats.All.Where(format => format.Encoding is RecordEncoding.Json))
        {
            using var response = await _api.GetAsync(_api.Serve(format, ThrowingItem.Open));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            await using var body = await response.Content.ReadAsStreamAsync();
            var text = "";
            await Assert.ThrowsAnyAsync<IOException>(async () =>
            {
                while (await body.ReadSomeAsync() is { Length: > 0 } more)
                    text += more;
            });

            // The error after the incomplete record is on a line of its own.
            if (format == StreamFormats.Frames)
                Assert.StartsWith("{\"error\":", text.Split('\n')[^2], StringComparison.Ordinal);
            if (format == StreamFormats.Sse)
                Assert.Matches("\nevent: cut\n\nevent: error\ndata: {.*}\n\n$", text);
        }

        Assert.Equal("Line 0\n", await _api.Client.GetStringAsync("/api/lines?count=1").Within());
    }

    private void Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        => _measured.Enqueue(
            (instrument.Name, value, string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))));
}
