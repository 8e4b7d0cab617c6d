using ChunkStream.DurableStreams.Store;
using ChunkStream.Streaming;
using Npgsql;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// Listens for notices of changes, on one connection for all readers of the process. From time to time it sends a ping
/// to itself: a connection may be dead without a sign, or unable to listen, as behind some poolers.
/// </summary>
internal sealed class ChangeListener(
    DurableDatabase database, ChangeNotifier notifier, TimeProvider time, DurableLog log) : IAsyncDisposable
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

    /// <summary>Since when it hears every notice: a timestamp; null while it hears none.</summary>
    public long? Since
    {
        get
        {
            lock (_lock)
                return _since;
        }
    }

    /// <summary>Whether it has heard a ping of its own. Until then it may be deaf.</summary>
    public bool IsProved { get; private set; }

    /// <summary>Listens for as long as the observer wants, unless it does so already.</summary>
    public void Listen(IChangeObserver observer)
    {
        lock (_lock)
        {
            if (_running.IsCompleted && !_stop.IsCancellationRequested)
                _running = Background.Run(() => RunAsync(observer));
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
        connection.Notification += (_, notice)
            => ChangeNotice.Read(notice.Payload, observer.Changed, observer.Untold, Hear);
        await using (var listen = new NpgsqlCommand("listen chunkstream", connection))
            await listen.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        session.LimitTo(Timeout.InfiniteTimeSpan);
        lock (_lock)
            _since = time.GetTimestamp();
        observer.Began();

        // When to send the next ping; and while one is on its way, when it must have arrived.
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

            // The driver counts whole milliseconds, and takes 0 for no limit.
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
