using System.Collections.Concurrent;

namespace ChunkStream.Functions.Tests.Support.Faults;

/// <summary>The system's clock, which knows its pending timers.</summary>
internal sealed class CountedTimers : TimeProvider
{
    private readonly ConcurrentDictionary<Timer, TimeSpan> _pending = new();

    /// <summary>The delays of the timers that have neither fired nor been disposed.</summary>
    public IEnumerable<TimeSpan> Pending => _pending.Values;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this);
        timer.Start(callback, state, dueTime, period);
        return timer;
    }

    private sealed class Timer(CountedTimers owner) : ITimer
    {
        private ITimer? _timer;

        public void Start(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Note(dueTime);
            _timer = System.CreateTimer(
                given =>
                {
                    owner._pending.TryRemove(this, out _);
                    callback(given);
                },
                state, dueTime, period);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Note(dueTime);
            return _timer!.Change(dueTime, period);
        }

        public void Dispose()
        {
            owner._pending.TryRemove(this, out _);
            _timer?.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Note(TimeSpan dueTime)
        {
            if (dueTime == Timeout.InfiniteTimeSpan)
                owner._pending.TryRemove(this, out _);
            else
                owner._pending[this] = dueTime;
        }
    }
}
