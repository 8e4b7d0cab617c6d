using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// Looks at all streams several times after a notice that other transactions may send none. Such a transaction commits
/// soon, but waits for a disk or a standby. Each pause between two looks is twice as long as the one before; a new
/// notice starts with the shortest again.
/// </summary>
/// <param name="look">Looks at all streams once.</param>
/// <param name="time">The clock that measures the pauses.</param>
/// <param name="stopping">Cancelled when the process stops.</param>
internal sealed class UntoldLooks(Func<Task> look, TimeProvider time, CancellationToken stopping)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(640);

    // A pause is at least this many times as long as the look before it took, so that many streams don't keep the
    // database busy.
    private const int PauseOfLooks = 10;

    private readonly Lock _lock = new();
    private Task _looking = Task.CompletedTask;
    private bool _isLooking;
    private TimeSpan _pause;

    /// <summary>
    /// The looks that are under way; completed if there are none. No more begin once the process stops.
    /// </summary>
    public Task Looking
    {
        get
        {
            lock (_lock)
                return _looking;
        }
    }

    /// <summary>A notice has come.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _pause = ShortestPause;
            if (_isLooking || stopping.IsCancellationRequested)
                return;
            _isLooking = true;
            _looking = Background.Run(LookAsync);
        }
    }

    private async Task LookAsync()
    {
        for (var took = TimeSpan.Zero; ;)
        {
            TimeSpan pause;
            lock (_lock)
            {
                if (_pause > LongestPause || stopping.IsCancellationRequested)
                {
                    _isLooking = false;
                    return;
                }

                pause = _pause;
                _pause *= 2;
            }

            var least = took * PauseOfLooks;
            await Task.Delay(pause > least ? pause : least, time, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var began = time.GetTimestamp();
            await look().ConfigureAwait(false);
            took = time.GetElapsedTime(began);
        }
    }
}
