using System.Collections.Concurrent;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>
/// The system's clock, but for timers of one length: their time is over when the test says so, and not before something
/// has happened, however slow the machine is.
/// </summary>
internal sealed class HeldTimers(TimeSpan length) : TimeProvider
{
    private readonly TimeSpan _length = length;
    private readonly ConcurrentQueue<ITimer> _held = [];

    /// <summary>How many have begun since the last end.</summary>
    public int Begun => _held.Count;

    /// <summary>The time of those that have begun is over.</summary>
    public void End()
    {
        while (_held.TryDequeue(out var timer))
            timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(
            this, System.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(HeldTimers owner, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != owner._length)
                return timer.Change(dueTime, period);
            owner._held.Enqueue(timer);
            return true;
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
