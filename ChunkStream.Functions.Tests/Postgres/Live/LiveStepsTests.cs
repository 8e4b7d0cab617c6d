using ChunkStream.Formats;
using ChunkStream.Postgres.Live;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChunkStream.Functions.Tests.Postgres.Live;

public sealed class LiveStepsTests
{
    private const int Large = 400 * 1024;

    private readonly LiveMemory _memory = new(
        limit: 64 * 1024 * 1024, new LiveLog(NullLogger<LiveLog>.Instance, TimeProvider.System));

    private readonly LiveSteps _steps = new();

    [Fact]
    public void A_step_is_held_until_its_last_reader_has_taken_it_or_left()
    {
        var (fast, slow) = (_steps.Enter(), _steps.Enter());
        Add(100);
        Add(200);
        Assert.Equal(300, _memory.Held);

        var step = _steps.Take(fast)!;
        step.Changes.Release();
        _steps.Take(step.Node)!.Changes.Release();
        Assert.Equal(300, _memory.Held);

        // Who reads a step holds it, also when nobody else does any more.
        var read = _steps.Take(slow)!;
        Assert.Equal(300, _memory.Held);
        read.Changes.Release();
        Assert.Equal(200, _memory.Held);
        _steps.Leave(read.Node);
        Assert.Equal(0, _memory.Held);
    }

    [Fact]
    public void A_reader_that_is_too_slow_keeps_none_of_the_steps_in_memory()
    {
        var (slow, fast) = (_steps.Enter(), _steps.Enter());
        for (var step = 0; step < 20; step++)
        {
            Add(Large);
            var taken = _steps.Take(fast)!;
            (fast, var changes) = (taken.Node, taken.Changes);
            changes.Release();
        }

        Assert.True(slow.IsOver.IsCompletedSuccessfully);
        Assert.Null(_steps.Take(slow));
        Assert.Equal(0, _memory.Held);

        // The latest are there for whoever is only a little slower.
        Add(Large);
        Add(Large);
        Assert.Equal(2 * Large, _memory.Held);
        Add(Large);
        Assert.Null(_steps.Take(fast));
        Assert.Equal(0, _memory.Held);
    }

    [Fact]
    public async Task The_end_gives_the_room_of_all_steps_back_and_is_told()
    {
        var slow = _steps.Enter();
        Add(100);
        Add(100);
        _steps.End(new InvalidOperationException("the end"));

        Assert.Equal(0, _memory.Held);
        Assert.Null(_steps.Take(slow));
        await Assert.ThrowsAsync<InvalidOperationException>(() => _steps.Tail.IsOver);
    }

    private void Add(int bytes)
    {
        var room = _memory.ForChanges();
        room.Set(bytes);
        _steps.Add(
            LivePosition.Unknown, new LiveBatch([new LiveChange(RecordKind.Upsert, new byte[bytes])], room).Offer());
    }
}
