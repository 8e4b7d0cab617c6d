using ChunkStream.Formats;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Functions.Tests.Postgres.Live;

public sealed class LiveMemoryTests : IDisposable
{
    private const long Limit = 40_000_000;

    private readonly RecordedLog _recorded = new();
    private readonly LoggerFactory _loggers;
    private readonly LiveMemory _memory;

    public LiveMemoryTests()
    {
        _loggers = new LoggerFactory([_recorded]);
        _memory = new LiveMemory(Limit, new LiveLog(_loggers.CreateLogger<LiveLog>(), TimeProvider.System));
    }

    public void Dispose() => _loggers.Dispose();

    [Fact]
    public void Results_that_begin_leave_room_to_those_that_grow_and_all_of_them_to_changes()
    {
        using var first = _memory.ForResult(isNewcomer: true);
        using var again = _memory.ForResult(isNewcomer: false);
        using var changes = _memory.ForChanges();

        first.Set(Limit / 2);
        Assert.Throws<LiveMemoryException>(() => first.Grow((Limit / 2) + 1));
        again.Set(Limit / 4);
        Assert.Throws<LiveMemoryException>(() => again.Set((Limit / 4) + 1));
        changes.Set(Limit / 4);
        Assert.Throws<LiveMemoryException>(() => changes.Set((Limit / 4) + 1));
        Assert.Equal(Limit, _memory.Held);

        // The operator is told, but not each time.
        var told = Assert.Single(_recorded.Entries);
        Assert.Equal("LiveMemoryFull", told.Event.Name);
        Assert.Contains("38 MiB", told.Message, StringComparison.Ordinal);

        first.Dispose();
        first.Dispose();
        Assert.Equal(Limit / 2, _memory.Held);
    }

    [Fact]
    public void What_slow_readers_hold_is_dropped_if_others_need_the_room_and_the_oldest_first()
    {
        var (used, oldest, older, last) = (Batch(10), Batch(10).Offer(), Batch(10).Offer(), Batch(10).Offer());
        var outbox = new LiveOutbox();
        outbox.Add(RecordKind.MustRefetch);
        outbox.Add(older);
        outbox.Add(RecordKind.UpToDate);
        Assert.True(outbox.TryTake(out _));
        Assert.True(outbox.TryTake(out _));

        using var changes = _memory.ForChanges();
        changes.Set(Limit / 2);
        Assert.True(oldest.IsDropped && older.IsDropped && !last.IsDropped && !used.IsDropped);
        Assert.Equal(Limit, _memory.Held);
        Assert.False(older.TryHold());

        // What can't be had by dropping all of them drops none.
        Assert.Throws<LiveMemoryException>(() => changes.Set(Limit));
        Assert.False(last.IsDropped);

        // Its reader finds out, and holds nothing more.
        Assert.True(outbox.IsCut);
        Assert.False(outbox.HasNext || outbox.TryTake(out _));
        outbox.Clear();
        oldest.Release();
        last.Release();
        used.Release();
        Assert.Equal(Limit / 2, _memory.Held);
    }

    private LiveBatch Batch(int millions)
    {
        var room = _memory.ForChanges();
        room.Set(millions * 1_000_000L);
        return new LiveBatch([new LiveChange(RecordKind.Row, default), new LiveChange(RecordKind.Row, default)], room);
    }
}
