using System.Diagnostics;
using System.Globalization;
using System.Net;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Streaming;
using Microsoft.Extensions.Hosting;

namespace ChunkStream.Functions.Tests.Contract;

public sealed class DeadlineTests
{
    public static TheoryData<string> Formats => [.. StreamFormats.All.Select(format => format.Name)];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_stream_that_reaches_its_deadline_does_not_look_complete(string format)
    {
        // A deadline before the first record would be a status, so the stalling sources have time for their records.
        // The endless one gets less time: what it sends has to be read.
        await Task.WhenAll(
            EndsAsync(FaultySource.StallsAfter(3), seconds: 2),
            EndsAsync(FaultySource.HangsAfter(3), seconds: 2),
            EndsAsync(FaultySource.NeverEnds(), seconds: 0.7));

        async Task EndsAsync(Func<RecordEncoding, CancellationToken, StreamSource> source, double seconds)
        {
            await using var api = await LocalApi.StartAsync(
                settings: ("ChunkStream:Streaming:MaxDurationSeconds", seconds.ToString(CultureInfo.InvariantCulture)));
            (await api.GetAsync(api.Serve(Format(format), FaultySource.Complete(1)))).Dispose();
            await api.Log.StreamEndedAsync();
            foreach (var _ in api.Log.Take())
            {
                // The first stream of a host takes longer to begin than some deadlines. Its line is not the one meant.
            }

            using var response = await api.GetAsync(api.Serve(Format(format), source));
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
        await using var api = await LocalApi.StartAsync(settings: ("ChunkStream:Streaming:ShutdownSeconds", "2.5"));
        var script = new ScriptedSource().Yield("before");
        using var ending = await api.GetAsync(api.Serve(StreamFormats.Frames, script.Open));
        using var endless = await api.GetAsync(api.Serve(StreamFormats.Frames, FaultySource.StallsAfter(3)));

        var stopping = api.StopAsync();
        await Bounded.Until(
            () => Task.FromResult(
                api.Get<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested),
            "the process has begun to stop");
        script.Yield("meanwhile").End();

        var read = await StreamRead.OfAsync(ending, "frames");
        read.AssertWhole(["before", "meanwhile"]);
        var cut = await StreamRead.OfAsync(endless, "frames");
        cut.AssertCut();
        Assert.Equal("urn:chunkstream:stopping", (string?)cut.Error!["type"]);
        await stopping.Within();
    }

    private static StreamFormat Format(string name) => StreamFormats.All.Single(format => format.Name == name);
}
