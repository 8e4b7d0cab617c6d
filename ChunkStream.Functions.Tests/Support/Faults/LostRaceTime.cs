using System.Reflection;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>
/// A clock with which each wait that has the given limit reaches it, and then gets its result before it hears of the
/// limit. On a busy machine this happens by chance, when the thread that handles the limit is late.
/// </summary>
/// <param name="limit">The limit of these waits. All other timers are the system's.</param>
internal sealed class LostRaceTime(TimeSpan limit) : TimeProvider
{
    private int _lost;

    /// <summary>How many waits have run into their limit so far.</summary>
    public int Lost => Volatile.Read(ref _lost);

    /// <summary>Makes the awaited result come, if it does not come by itself.</summary>
    public Action Arrive { get; set; } = () => { };

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != limit)
            return System.CreateTimer(callback, state, dueTime, period);

        Interlocked.Increment(ref _lost);
        callback(state);
        Arrive();
        var awaited = AwaitedBy(state!);
        Assert.True(SpinWait.SpinUntil(() => awaited.IsCompleted, Bounded.Limit));
        return System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    // The state is the promise of Task.WaitAsync, which has no public way to its task.
    private static Task AwaitedBy(object promise)
        => promise.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic)
            .Where(field => field.DeclaringType == promise.GetType())
            .Select(field => field.GetValue(promise)).OfType<Task>().Single();
}
