using System.Threading.Channels;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Rows;
using Microsoft.Extensions.Time.Testing;

namespace ChunkStream.Functions.Tests.Postgres.Rows;

/// <summary>When memory is given back after large rows, by a clock of the test's own.</summary>
public sealed class LargeBuffersTests
{
    private const long Mebibyte = 1024 * 1024;

    private readonly WatchedTime _time = new();
    private readonly Queue<long> _memory = new();
    private readonly TaskCompletionSource _last = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _collections;

    [Fact]
    public async Task Collections_begin_once_no_large_row_has_come_for_a_while_and_end_when_three_give_back_nothing()
    {
        var buffers = Buffers(100, 100, 100, 100);

        await UsedAsync(buffers);
        await IntervalAsync(); // The use itself is within the first interval.
        Assert.Equal(0, _collections);
        for (var expected = 1; expected <= 3; expected++)
        {
            await IntervalAsync();
            Assert.Equal(expected, _collections);
        }

        await LastIntervalAsync();
        Assert.Equal(4, _collections);
    }

    [Fact]
    public async Task As_long_as_memory_comes_back_collections_go_on()
    {
        var buffers = Buffers(400, 300, 300, 200, 200, 200, 200);

        await UsedAsync(buffers);
        for (var interval = 0; interval < 7; interval++)
            await IntervalAsync();
        await LastIntervalAsync();

        Assert.Equal(7, _collections);
    }

    [Fact]
    public async Task A_large_row_that_comes_meanwhile_starts_the_wait_again_and_not_a_second_one()
    {
        var buffers = Buffers(100, 100, 100, 100, 100);

        await UsedAsync(buffers);
        await IntervalAsync();
        await IntervalAsync();
        Assert.Equal(1, _collections);
        buffers.Used(_time);
        buffers.Used(_time);
        await IntervalAsync();
        Assert.Equal(1, _collections);

        for (var interval = 0; interval < 3; interval++)
            await IntervalAsync();
        await LastIntervalAsync();
        Assert.Equal(5, _collections);
    }

    [Fact]
    public async Task After_an_end_the_next_large_row_begins_anew()
    {
        var buffers = Buffers(100, 100, 100, 100);
        await UsedAsync(buffers);
        for (var interval = 0; interval < 4; interval++)
            await IntervalAsync();
        await LastIntervalAsync();

        await UsedAsync(buffers);
    }

    private LargeBuffers Buffers(params long[] mebibytesInUse)
    {
        foreach (var mebibytes in mebibytesInUse)
            _memory.Enqueue(mebibytes * Mebibyte);
        return new LargeBuffers(() =>
        {
            _collections++;
            var bytes = _memory.Dequeue();
            if (_memory.Count == 0)
                _last.SetResult();
            return bytes;
        });
    }

    /// <summary>Uses a large buffer, and waits until an interval is waited for.</summary>
    private async Task UsedAsync(LargeBuffers buffers)
    {
        buffers.Used(_time);
        await _time.Timers.Reader.ReadAsync().AsTask().Within();
    }

    /// <summary>Lets an interval pass, and waits until the next one is waited for.</summary>
    private async Task IntervalAsync()
    {
        _time.Advance(LargeBuffers.Interval);
        await _time.Timers.Reader.ReadAsync().AsTask().Within();
        Assert.False(_time.Timers.Reader.TryRead(out _));
    }

    /// <summary>Lets the interval pass after which the last collection comes.</summary>
    private async Task LastIntervalAsync()
    {
        _time.Advance(LargeBuffers.Interval);
        await _last.Task.Within();
        Assert.False(_time.Timers.Reader.TryRead(out _));
    }

    /// <summary>A clock that tells of each timer, once it is set.</summary>
    private sealed class WatchedTime : FakeTimeProvider
    {
        public Channel<bool> Timers { get; } = Channel.CreateUnbounded<bool>();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            Timers.Writer.TryWrite(true);
            return timer;
        }
    }
}
