using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.Faults;
using ChunkStream.Streaming;

namespace ChunkStream.Functions.Tests.Streaming;

public sealed class TaskLimitTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly CountedTimers _time = new();
    private readonly TaskCompletionSource _task = new();

    [Fact]
    public async Task A_task_that_ends_in_time_leaves_no_timer_however_it_ends()
    {
        var waiting = _task.Task.CompletesWithinAsync(Long, _time, CancellationToken.None);
        Assert.Equal([Long], _time.Pending);

        _task.SetException(new IOException("failed"));

        Assert.True(await waiting.Within());
        Assert.Empty(_time.Pending);
    }

    [Fact]
    public async Task A_limit_that_is_over_and_a_cancellation_end_the_wait_and_leave_no_timer()
    {
        Assert.False(
            await _task.Task.CompletesWithinAsync(
                TimeSpan.FromMilliseconds(10), _time, CancellationToken.None).Within());

        using var leaving = new CancellationTokenSource();
        var waiting = _task.Task.CompletesWithinAsync(Long, _time, leaving.Token);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Within());
        Assert.Empty(_time.Pending);
    }
}
