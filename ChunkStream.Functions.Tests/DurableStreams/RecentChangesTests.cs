using ChunkStream.DurableStreams.Live;
using ChunkStream.Functions.Tests.Support;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>The changes that are remembered of streams that nobody follows; any role can add to them.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class RecentChangesTests(RealPostgres postgres)
{
    [Fact]
    public void Millions_of_changes_take_little_memory()
    {
        var recent = new RecentChanges(TimeProvider.System);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var id = 0; id < 2_400_000; id++)
            recent.Add(id, 1);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8L << 20);
    }

    [Fact]
    public void Beyond_what_is_remembered_every_stream_may_have_changed_for_a_while()
    {
        var time = new Clock();
        var recent = new RecentChanges(time);
        recent.Add(1, 10);
        Assert.True(recent.MayHaveChanged(1, 9));
        Assert.False(recent.MayHaveChanged(1, 10));
        for (var id = 2; id <= RecentChanges.MostStreams; id++)
            recent.Add(id, 1);
        Assert.False(recent.MayHaveChanged(-1, 0));

        recent.Add(-2, 1);
        recent.Add(-3, 1);
        Assert.All([1L, -1, -2, -3], id => Assert.True(recent.MayHaveChanged(id, 10)));

        time.Now += RecentChanges.Reach;
        Assert.True(recent.MayHaveChanged(-1, 10));
        time.Now += TimeSpan.FromSeconds(1);
        Assert.True(recent.MayHaveChanged(-1, 10));
        recent.Add(1, 20);
        time.Now += RecentChanges.Reach + TimeSpan.FromSeconds(1);
        Assert.False(recent.MayHaveChanged(-1, 0));
        Assert.True(recent.MayHaveChanged(1, 19));
    }

    [Fact]
    public async Task A_role_without_rights_that_notifies_a_lot_makes_nobody_miss_a_change()
    {
        await using var here = StoreHost.Start(postgres.ConnectionString);
        await using var there = StoreHost.Start(postgres.ConnectionString);
        var (path, other) = (NewPath(), NewPath());
        await there.CreateAsync(path);
        await there.CreateAsync(other);

        using var following = here.Live.Follow((await here.ReadAsync(other)).Stream!, 0);
        await Bounded.Until(() => Task.FromResult(here.Get<ChangeListener>().IsProved), "it hears");
        var stream = (await here.ReadAsync(path)).Stream!;

        await there.AppendAsync(path, "one");
        var role = "flood_" + Guid.NewGuid().ToString("N");
        await postgres.ExecuteAsync($"create role {role}");
        try
        {
            // Twice as many as are remembered: if only the oldest were forgotten, the change would be too.
            await postgres.ExecuteAsync($"""
                set role {role};
                select count(pg_notify('chunkstream', words)) from (
                    select string_agg((1000000000 + n)::text, ' ') as words
                """
                + $" from generate_series(1, {2 * RecentChanges.MostStreams}) n group by n / 500) as notices");
        }
        finally
        {
            await postgres.ExecuteAsync($"drop role {role}");
        }

        // This notice comes last on the connection: once it is heard, all the others were too.
        var heard = following.NextAsync(default);
        await there.AppendAsync(other, "heard");
        await heard.Within();

        using var reader = here.Live.Follow(stream, 0);
        Assert.Equal("one", Text((await reader.NextAsync(default).Within(TimeSpan.FromSeconds(5)))!.Data));
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
