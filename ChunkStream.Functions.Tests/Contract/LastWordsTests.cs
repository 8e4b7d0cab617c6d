using System.Diagnostics;
using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Contract;

/// <summary>
/// When a response breaks, browsers drop what they have not yet handed to the page. So the error is sent a moment
/// before the cut.
/// </summary>
public sealed class LastWordsTests
{
    // The moment lasts 1 s. On a busy machine the client may hear late that it has begun.
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(500);

    [Theory]
    [InlineData("sse")]
    [InlineData("frames")]
    public async Task They_are_heard_a_moment_before_the_cut_and_the_source_is_released_meanwhile(string format)
    {
        await using var api = await LocalApi.StartAsync();
        var (heard, released) = (TimeSpan.Zero, TimeSpan.Zero);

        // A busy machine may use up the moment once, but not every time.
        for (var attempt = 0; attempt < 5 && (heard < Moment || released < Moment); attempt++)
        {
            var releasing = new TaskCompletionSource<long>();
            using var response = await api.GetAsync(api.Serve(Format(format), (encoding, cancellation) =>
                new WatchedSource(FaultySource.FailsAt(3)(encoding, cancellation), releasing)));
            await using var body = await response.Content.ReadAsStreamAsync();
            var said = "";
            while (!said.Contains("urn:chunkstream:internal-error", StringComparison.Ordinal))
                said += await body.ReadSomeAsync();
            var saidAt = Stopwatch.GetTimestamp();
            await Assert.ThrowsAnyAsync<IOException>(() => body.ReadSomeAsync());

            heard = Stopwatch.GetElapsedTime(saidAt);
            released = Stopwatch.GetElapsedTime(await releasing.Task.Within());
        }

        Assert.InRange(heard, Moment, Bounded.Limit);
        Assert.InRange(released, Moment, Bounded.Limit);
    }

    private static StreamFormat Format(string name) => StreamFormats.All.Single(format => format.Name == name);

    /// <summary>Says when it was disposed.</summary>
    private sealed class WatchedSource(StreamSource inner, TaskCompletionSource<long> released) : StreamSource
    {
        public override StreamSchema Schema => inner.Schema;

        public override ValueTask<bool> WaitToReadAsync() => inner.WaitToReadAsync();

        public override bool TryRead() => inner.TryRead();

        public override void WriteRecord(ByteWriter output) => inner.WriteRecord(output);

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            released.SetResult(Stopwatch.GetTimestamp());
        }
    }
}
