using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Streaming;

public sealed class StreamLifetimeTests
{
    private static readonly CancellationToken Fired = new(canceled: true);
    private static readonly bool[] Both = [false, true];

    [Fact]
    public void What_has_happened_decides_whether_the_client_left()
    {
        foreach (var client in Both)
        {
            foreach (var invocation in Both)
            {
                foreach (var stopping in Both)
                {
                    foreach (var isPastLimit in Both)
                    {
                        var limit = isPastLimit ? TimeSpan.FromTicks(1) : TimeSpan.FromHours(1);
                        using var lifetime = new StreamLifetime(
                            StreamDeadline.FromDuration(Timeout.InfiniteTimeSpan),
                            new PlatformTimeLimit(limit),
                            TimeProvider.System,
                            If(client),
                            If(invocation),
                            If(stopping),
                            default);

                        Assert.Equal(client || (invocation && !stopping && !isPastLimit), lifetime.ClientLeft);
                        Assert.Equal(
                            client ? StreamOutcome.ClientLeft : invocation ? StreamOutcome.Stopped : null,
                            lifetime.Ended);
                    }
                }
            }
        }

        static CancellationToken If(bool fired) => fired ? Fired : default;
    }

    [Fact]
    public void Without_a_time_limit_a_call_that_is_ended_while_the_process_goes_on_is_that_of_a_client_that_left()
    {
        using var lifetime = new StreamLifetime(
            StreamDeadline.FromDuration(Timeout.InfiniteTimeSpan),
            new PlatformTimeLimit(CallLimit: null),
            TimeProvider.System,
            default,
            Fired,
            default,
            default);

        Assert.True(lifetime.ClientLeft);
    }

    [Theory]
    [InlineData("00:10:00", "00:09:45")]
    [InlineData("00:00:30", "00:00:15")]
    [InlineData("00:00:20", "00:00:10")]
    public void A_stream_ends_15_seconds_before_its_call_would_or_after_half_of_a_call_that_is_under_30(
        string call, string stream)
        => Assert.Equal(TimeSpan.Parse(stream, null), new PlatformTimeLimit(TimeSpan.Parse(call, null)).StreamLimit);
}
