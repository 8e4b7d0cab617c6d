using ChunkStream.DurableStreams.Store;
using Npgsql;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// Hears of changes to streams, on one connection for all readers of the process. Whether it really hears is tried from time to
/// time by a word of our own: a connection may be dead without a sign, or not be one to listen on, as behind some poolers.
/// </summary>
internal sealed class ChangeListener(DurableDatabase database, ChangeNotifier notifier, TimeProvider time, DurableLog log) : IAsyncDisposable
{
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OneMillisecond = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private long? _since;
    private string? _pinged;

    /// <summary>Since when it hears everything: a timestamp; null where it doesn't.</summary>
    public long? Since
    {
        get
        {
            lock (_lock)
                return _since;
        }
    }

    /// <summary>Whether it has heard itself: until then it may be deaf.</summary>
    public bool IsProved { get; private set; }

    /// <summary>Listens for as long as the observer wants, unless it does so already.</summary>
    public void Listen(IChangeObserver observer)
    {
        lock (_lock)
        {
            if (_running.IsCompleted && !_stop.IsCancellationRequested)
                _running = Task.Run(() => RunAsync(observer));
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Task running;
        lock (_lock)
        {
            _stop.Cancel();
            running = _running;
        }

        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(IChangeObserver observer)
    {
        for (var failures = 0; observer.IsListening;)
        {
            try
            {
                await ListenAsync(observer, () => failures = 0).ConfigureAwait(false);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                if (failures++ == 0)
                    log.NotHeard(e);
            }
            finally
            {
                Forget();
                observer.Lost();
            }

            if (failures > 0)
                await Task.Delay(Backoff.Compute(failures, LongestPause), time, _stop.Token).ConfigureAwait(false);
        }
    }

    private async Task ListenAsync(IChangeObserver observer, Action proved)
    {
        await using var session = await database.OpenOwnAsync(_stop.Token).ConfigureAwait(false);
        var connection = session.Connection;
        connection.Notification += (_, notice) => ChangeNotice.Read(notice.Payload, observer.Changed, observer.Untold, Hear);
        await using (var listen = new NpgsqlCommand("listen chunkstream", connection))
            await listen.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        session.LimitTo(Timeout.InfiniteTimeSpan);
        lock (_lock)
            _since = time.GetTimestamp();
        observer.Began();

        // When to try whether it hears; and while that is being tried, when it has to have heard.
        var due = time.GetTimestamp();
        var isTrying = false;
        while (observer.IsListening)
        {
            var left = Until(due);
            if (left <= TimeSpan.Zero)
            {
                if (isTrying)
                    throw new TimeoutException("The connection does not hear what is said on the channel.");
                isTrying = true;
                (left, due) = (PingLimit, After(PingLimit));
                _pinged = Guid.NewGuid().ToString("N");
                notifier.Ping(_pinged);
            }

            // In whole milliseconds, of which none would be for ever.
            await connection.WaitAsync(left + OneMillisecond, CancellationToken.None).ConfigureAwait(false);
            if (!isTrying || _pinged is not null)
                continue;
            isTrying = false;
            due = After(PingEvery);
            if (IsProved)
                continue;
            IsProved = true;
            proved();
        }
    }

    private void Hear(string ping)
    {
        if (ping == _pinged)
            _pinged = null;
    }

    private void Forget()
    {
        lock (_lock)
            _since = null;
        _pinged = null;
        IsProved = false;
    }

    private long After(TimeSpan span) => time.GetTimestamp() + (long)(span.TotalSeconds * time.TimestampFrequency);

    private TimeSpan Until(long moment) => time.GetElapsedTime(time.GetTimestamp(), moment);
}
