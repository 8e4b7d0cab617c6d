using System.Diagnostics;
using System.Net;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Contract;

public sealed class DeadlineTests
{
    public static TheoryData<string> Formats => [.. StreamFormats.All.Select(format => format.Name)];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_stream_that_reaches_its_deadline_does_not_look_complete(string format)
    {
        await Task.WhenAll(
            EndsAsync(FaultySource.StallsAfter(3)),
            EndsAsync(FaultySource.HangsAfter(3)),
            EndsAsync(FaultySource.NeverEnds()));

        async Task EndsAsync(Func<RecordEncoding, CancellationToken, StreamSource> source)
        {
            // A deadline before the first record would be a status, so it comes when that is there.
            var deadline = new HeldTimers(TimeSpan.FromSeconds(77));
            await using var api = await LocalApi.StartAsync(
                deadline, ("ChunkStream:Streaming:MaxDurationSeconds", "77"));
            using var response = await api.GetAsync(api.Serve(Format(format), source));
            deadline.End();
            var clock = Stopwatch.StartNew();

            var read = await StreamRead.OfAsync(response, format);

            read.AssertCut();
            Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
            if (format is "sse" or "frames")
                Assert.Equal("urn:chunkstream:deadline-reached", (string?)read.Error!["type"]);
            Assert.Contains("DeadlineReached", (await api.Log.StreamEndedAsync()).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_deadline_before_the_first_record_is_a_status()
    {
        await using var api = await LocalApi.StartAsync(settings: ("ChunkStream:Streaming:MaxDurationSeconds", "0.3"));
        using var response = await api.GetAsync(api.Serve(StreamFormats.Ndjson, FaultySource.StallsAfter(0)));

        Assert.Equal(HttpStatusCode.GatewayTimeout, response.StatusCode);
        Assert.Equal("urn:chunkstream:deadline-reached", (string?)(await response.ProblemAsync())["type"]);
    }

    [Fact]
    public async Task A_process_that_stops_gives_its_streams_a_while_and_then_ends_them_as_incomplete()
    {
        var shutdown = new HeldTimers(TimeSpan.FromSeconds(55));
        await using var api = await LocalApi.StartAsync(shutdown, ("ChunkStream:Streaming:ShutdownSeconds", "55"));
        var script = new ScriptedSource().Yield("before");
        using var ending = await api.GetAsync(api.Serve(StreamFormats.Frames, script.Open));
        using var endless = await api.GetAsync(api.Serve(StreamFormats.Frames, FaultySource.StallsAfter(3)));

        var stopping = api.StopAsync();
        await Bounded.Until(
            () => Task.FromResult(shutdown.Begun > 0), "the process has begun to stop");
        script.Yield("meanwhile").End();

        var read = await StreamRead.OfAsync(ending, "frames");
        read.AssertWhole(["before", "meanwhile"]);
        shutdown.End();
        var cut = await StreamRead.OfAsync(endless, "frames");
        cut.AssertCut();
        Assert.Equal("urn:chunkstream:stopping", (string?)cut.Error!["type"]);
        await stopping.Within();
    }

    private static StreamFormat Format(string name) => StreamFormats.All.Single(format => format.Name == name);
}
