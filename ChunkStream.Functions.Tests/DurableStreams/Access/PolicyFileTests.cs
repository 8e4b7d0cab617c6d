using ChunkStream.DurableStreams;
using ChunkStream.DurableStreams.Access;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChunkStream.Functions.Tests.DurableStreams.Access;

/// <summary>The policy follows its file, and never becomes a part of it.</summary>
public sealed class PolicyFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chunkstream-policy-").FullName;
    private readonly SteppedTime _time = new();
    private readonly RecordedLog _log = new();
    private readonly LoggerFactory _loggers = new();
    private readonly PolicyFile _policy;

    public PolicyFileTests()
    {
        _loggers.AddProvider(_log);
        var options = new DurableStreamOptions { PolicyPath = Path };
        _policy = new PolicyFile(
            Options.Create(options), _time, new DurableLog(_loggers.CreateLogger<DurableLog>()));
    }

    private string Path => System.IO.Path.Combine(_folder, "mine.policy");

    public void Dispose()
    {
        _loggers.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void A_change_holds_once_it_has_rested_and_a_part_of_a_file_never_does()
    {
        Write("a: read for admin");
        Assert.Equal(1, RulesAfter(0));

        // A part of the next version is valid, and allows more than all of it.
        Write("a: read");
        Assert.Equal("admin", RoleAfter(1.1, changedBefore: 0.4));
        Write("a: read for boss");
        Assert.Equal("admin", RoleAfter(1.1, changedBefore: 0.4));
        Assert.Equal("boss", RoleAfter(1.1));
        Assert.Equal(["StreamPolicyHolds", "StreamPolicyHolds"], _log.Entries.Select(entry => entry.Event.Name));
    }

    [Fact]
    public void A_broken_version_is_refused_as_a_whole_and_told_once_and_the_one_before_holds()
    {
        Write("a: read\nb: read");
        Assert.Equal(2, RulesAfter(0));
        Assert.Single(_log.Take());

        Write("a: read\nb: write\nc");
        Assert.Equal(2, RulesAfter(2));
        Assert.Equal(2, RulesAfter(2));
        Assert.Equal(
            [(LogLevel.Error, true, true), (LogLevel.Error, true, false)],
            _log.Take().Select(entry => (
                entry.Level, entry.Message.Contains(Path, StringComparison.Ordinal),
                entry.Message.Contains("line 2: 'write'", StringComparison.Ordinal))));

        Write("a: read");
        Assert.Equal(1, RulesAfter(2));
    }

    [Fact]
    public void Where_the_first_version_is_broken_or_missing_or_the_file_is_taken_away_nobody_may_do_anything()
    {
        Assert.Equal(0, RulesAfter(0));
        Assert.Equal("StreamPolicyMissing", Assert.Single(_log.Take()).Event.Name);
        Write("a: write");
        Assert.Equal(0, RulesAfter(2));
        Assert.Equal("StreamPolicyBroken", Assert.Single(_log.Take()).Event.Name);
        File.WriteAllBytes(Path, [.. "a: read # "u8, 0xff]);
        Assert.Equal(0, RulesAfter(2));
        Assert.Contains("not UTF-8", Assert.Single(_log.Take()).Message, StringComparison.Ordinal);
        Write("a: read");
        Assert.Equal(1, RulesAfter(2));

        // An editor puts another file in its place.
        File.Delete(Path);
        Directory.SetLastWriteTimeUtc(_folder, _time.GetUtcNow().UtcDateTime.AddSeconds(1.8));
        Assert.Equal(1, RulesAfter(2));
        Assert.Equal(0, RulesAfter(2));
        Assert.Equal(
            ["StreamPolicyHolds", "StreamPolicyMissing"], _log.Take().Select(entry => entry.Event.Name));
    }

    [Fact]
    public void A_file_that_can_t_be_read_for_a_while_is_told_of_once_and_is_read_as_soon_as_it_can_be()
    {
        Write("a: read\nb: read");
        Assert.Equal(2, RulesAfter(0));
        Write("a: read");
        Assert.Single(_log.Take());

        using (new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal(2, RulesAfter(2));
            Assert.Equal(2, RulesAfter(2));
            Assert.Contains("can't be read", Assert.Single(_log.Take()).Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, RulesAfter(2));
        Assert.Equal("StreamPolicyHolds", Assert.Single(_log.Take()).Event.Name);
    }

    private int RulesAfter(double seconds)
    {
        _time.Step(seconds);
        return _policy.Current.Rules.Count;
    }

    private string RoleAfter(double seconds, double? changedBefore = null)
    {
        _time.Step(seconds);
        if (changedBefore is { } age)
            File.SetLastWriteTimeUtc(Path, _time.GetUtcNow().UtcDateTime.AddSeconds(-age));
        return _policy.Current.Rules[0].Roles is [var role] ? role : "everyone";
    }

    private void Write(string text)
    {
        File.WriteAllText(Path, text);
        File.SetLastWriteTimeUtc(Path, _time.GetUtcNow().UtcDateTime);
        Directory.SetLastWriteTimeUtc(_folder, _time.GetUtcNow().UtcDateTime);
    }

    private sealed class SteppedTime : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => _now;

        public override long GetTimestamp() => _now.Ticks;

        public void Step(double seconds) => _now += TimeSpan.FromSeconds(seconds);
    }
}
