using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Streaming;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Looks whether the tables of live queries have changed, on one connection for all of them: when a writer sends a
/// notice, several times after it, and otherwise four times a second. Nothing runs while nobody reads a live query.
/// </summary>
/// <remarks>
/// Writers send few notices: none within a few milliseconds of another one, and none from a transaction that changed
/// its last table before that, and commits later. So a look follows each notice at once, and others after growing
/// pauses.
/// </remarks>
internal sealed class ChangeWatcher(
    LiveDatabase database, ChangeLog changes, LiveQueries queries, TimeProvider time, LiveLog log)
    : IAsyncDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(6);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan KeepInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _watching = Task.CompletedTask;
    private bool _isWatching;

    /// <summary>Watches for as long as there are groups, unless it does so already.</summary>
    public void Watch()
    {
        lock (_lock)
        {
            if (_isWatching || _stop.IsCancellationRequested)
                return;
            _isWatching = true;
            _watching = Background.Run(WatchAsync);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Task watching;
        await _stop.CancelAsync().ConfigureAwait(false);
        lock (_lock)
            watching = _watching;
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task WatchAsync()
    {
        for (var failures = 0; ;)
        {
            try
            {
                await FollowAsync(() => failures = 0).ConfigureAwait(false);
            }
            catch (Exception) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                if (failures++ == 0)
                    log.NotWatched(failure);
                await Task.Delay(Backoff.Compute(failures, LongestRetry), time, _stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            lock (_lock)
            {
                if (queries.Groups.Count > 0 && !_stop.IsCancellationRequested)
                    continue;
                _isWatching = false;
                return;
            }
        }
    }

    private async Task FollowAsync(Action succeeded)
    {
        await using var session = await database.OpenOwnAsync(_stop.Token).ConfigureAwait(false);
        var connection = session.Connection;
        var isNoticed = false;
        connection.Notification += (_, _) => isNoticed = true;
        await using (var listen = new NpgsqlCommand(ChangeLogSql.Listen, connection))
            await listen.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);

        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var keeping = KeepAsync(end.Token);
        try
        {
            // Changes that came while nobody listened are found by the first look, which takes all for changed.
            LiveSnapshot? since = null;
            for (var pause = LongestPause; queries.Groups is { Count: > 0 } groups;)
            {
                session.LimitTo(LiveDatabase.TaskLimit);
                isNoticed = false;
                since = await LookAsync(connection, groups, since).ConfigureAwait(false);
                session.LimitTo(Timeout.InfiniteTimeSpan);
                succeeded();

                // A notice may have come during the look, too.
                await connection.WaitAsync(isNoticed ? ShortestPause : pause, CancellationToken.None)
                    .ConfigureAwait(false);
                pause = isNoticed ? ShortestPause : Min(pause * 2, LongestPause);
            }
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Has the triggers write, and the log forget what is old.
    private async Task KeepAsync(CancellationToken cancellation)
    {
        for (var failures = 0; ;)
        {
            try
            {
                await changes.KeepAsync(WatchesOf(queries.Groups), isListening: true, cancellation)
                    .ConfigureAwait(false);
                failures = 0;
            }
            catch (Exception failure) when (!cancellation.IsCancellationRequested)
            {
                if (failures++ == 0)
                    log.NotKept(failure);
            }

            await Task.Delay(KeepInterval, time, cancellation).ConfigureAwait(false);
        }
    }

    private static int[] WatchesOf(IReadOnlyList<LiveGroup> groups)
        => [.. groups.SelectMany(group => group.Query.Watches).Distinct()];

    // Gives the snapshot of the look; null if the log is not there, which the groups then find out.
    private static async Task<LiveSnapshot?> LookAsync(
        NpgsqlConnection connection, IReadOnlyList<LiveGroup> groups, LiveSnapshot? since)
    {
        LiveSnapshot? seen = null;
        try
        {
            var look = await LiveLook.TakeAsync(connection, WatchesOf(groups), since).ConfigureAwait(false);
            var concerned = await LiveMatches.FindAsync(connection, groups, look, since).ConfigureAwait(false);
            foreach (var group in groups)
                group.Look(since, look.Snapshot, concerned.Contains(group));
            seen = look.Snapshot;
        }
        catch (MustRefetchException)
        {
            foreach (var group in groups)
                group.Doubt();
        }

        await using var end = new NpgsqlCommand("ROLLBACK", connection);
        await end.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        return seen;
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
