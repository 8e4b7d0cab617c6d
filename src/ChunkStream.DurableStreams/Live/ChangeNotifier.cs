using ChunkStream.DurableStreams.Store;
using ChunkStream.Postgres.Connections;
using ChunkStream.Streaming;
using Npgsql;
using NpgsqlTypes;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// Tells the other instances which streams have changed. It does so outside of the append's own transaction, because
/// Postgres lets transactions with a notification commit only one after another. Changes that come while one
/// notification is being sent go with the next.
/// </summary>
internal sealed class ChangeNotifier(DurableDatabase database, TimeProvider time, DurableLog log) : IAsyncDisposable
{
    // A connection that nobody needs may keep a database awake that could sleep.
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private Dictionary<long, long?> _changes = [];
    private List<string> _pings = [];
    private TaskCompletionSource _more = NewSource();
    private Task? _running;
    private bool _isStopping;

    /// <summary>A stream has a new tail; or, with null, something else about it has changed.</summary>
    public void Changed(long id, long? tail)
    {
        lock (_lock)
        {
            _changes[id] = _changes.TryGetValue(id, out var told) && (told is null || tail < told) ? told : tail;
            Run();
        }
    }

    /// <summary>Sends a word that comes back to whoever listens.</summary>
    public void Ping(string word)
    {
        lock (_lock)
        {
            _pings.Add(word);
            Run();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Task? running;
        lock (_lock)
        {
            _isStopping = true;
            _more.TrySetResult();
            running = _running;
        }

        // What has not been sent yet is sent, if that does not take long. The other instances would find it by
        // themselves, a little later.
        _stop.CancelAfter(LastWord);
        if (running is not null)
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Run()
    {
        _more.TrySetResult();
        if (_running is null && !_isStopping)
            _running = Background.Run(SendAsync);
    }

    private async Task SendAsync()
    {
        PostgresSession? session = null;
        try
        {
            for (var failures = 0; await TakeAsync().ConfigureAwait(false) is var (changes, pings);)
            {
                try
                {
                    session ??= await database.OpenOwnAsync(_stop.Token).ConfigureAwait(false);
                    await NotifyAsync(session, ChangeNotice.Write(changes, pings)).ConfigureAwait(false);
                    failures = 0;
                }
                catch (Exception e) when (!_stop.IsCancellationRequested)
                {
                    if (failures++ == 0)
                        log.NotTold(e);
                    PutBack(changes, pings);
                    (session, var broken) = (null, session);
                    if (broken is not null)
                    {
                        await ((Task)broken.DisposeAsync().AsTask())
                            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    }

                    // An old connection may be dead while new ones work, so the first retry does not wait.
                    if (broken is null || failures > 1)
                        await Task.Delay(Backoff.Compute(failures, LongestPause), time, _stop.Token)
                            .ConfigureAwait(false);
                }
            }
        }
        catch (Exception) when (_stop.IsCancellationRequested)
        {
        }
        finally
        {
            if (session is not null)
                await session.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void PutBack(Dictionary<long, long?> changes, List<string> pings)
    {
        foreach (var (id, tail) in changes)
            Changed(id, tail);
        foreach (var ping in pings)
            Ping(ping);
    }

    // Null if nothing has come for a while, or if nothing more will come.
    private async Task<(Dictionary<long, long?> Changes, List<string> Pings)?> TakeAsync()
    {
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_changes.Count + _pings.Count > 0)
                {
                    var taken = (_changes, _pings);
                    (_changes, _pings, _more) = ([], [], NewSource());
                    return taken;
                }

                if (_isStopping)
                    return null;
                more = _more.Task;
            }

            try
            {
                await more.WaitAsync(IdleLimit, time, _stop.Token).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                lock (_lock)
                {
                    if (_changes.Count + _pings.Count > 0)
                        continue;
                    _running = null;
                    return null;
                }
            }
        }
    }

    private static async Task NotifyAsync(PostgresSession session, List<string> payloads)
    {
        session.LimitTo(SendLimit);
        await using var command = new NpgsqlCommand("select chunkstream.stream_notify($1)", session.Connection);
        command.Parameters.Add(new NpgsqlParameter
        {
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
            Value = payloads.ToArray(),
        });
        await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        session.LimitTo(Timeout.InfiniteTimeSpan);
    }
}
