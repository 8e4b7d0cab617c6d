using ChunkStream.DurableStreams.Protocol;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.DurableStreams;

public sealed class RequestLogTests
{
    [Fact]
    public void Of_many_requests_that_fail_alike_few_are_told_each_in_a_bounded_line()
    {
        var (log, time) = (new RecordedLog(), new SteppedTime());
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(log));
        var requests = new DurableRequestLog(factory.CreateLogger<DurableEndpoint>(), time);
        void Fail(int status) => requests.RequestFailed(
            "POST", $"a\u001b[2J{new string('p', 1000)}", status,
            new IOException("The database is away.\n" + new string('x', 10_000)));

        for (var i = 0; i < 199; i++)
            Fail(503);
        Fail(500);
        time.Step(TimeSpan.FromSeconds(10));
        Fail(503);
        Fail(503);

        var entries = log.Entries.ToArray();
        Assert.Equal([LogLevel.Warning, LogLevel.Error, LogLevel.Warning], entries.Select(entry => entry.Level));
        Assert.EndsWith(
            "… failed with status 503: The database is away.", entries[0].Message, StringComparison.Ordinal);
        Assert.EndsWith(
            ": The database is away. (and 198 more with this status, since the last that was told)", entries[2].Message,
            StringComparison.Ordinal);
        Assert.All(entries, entry => Assert.InRange(entry.Message.Length, 200, 400));
        Assert.All(entries, entry => Assert.DoesNotContain(entry.Message, char.IsControl));
        Assert.Equal([false, true, false], entries.Select(entry => entry.Exception is not null));
    }

    private sealed class SteppedTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Step(TimeSpan by) => _now += by.Ticks;
    }
}
