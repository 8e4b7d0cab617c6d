using System.Diagnostics;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Streaming;

/// <summary>Where nobody listens, tracing costs nothing. Alone, since other tests listen.</summary>
[Collection(Alone.Collection)]
public sealed class UntracedTests
{
    [Fact]
    public void A_stream_that_nobody_traces_has_no_span_and_allocates_none()
    {
        Assert.Null(Start());

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var n = 0; n < 1000; n++)
            Start();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        // The same is a span as soon as somebody listens.
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ChunkStreamTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(listener);
        using var span = Start();
        Assert.NotNull(span);

        static StreamSpan? Start() => StreamSpan.Start("untraced", "frames", origin: null, TimeProvider.System);
    }
}
