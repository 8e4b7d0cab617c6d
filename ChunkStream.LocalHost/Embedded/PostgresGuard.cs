namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// Looks after a server that is to run until it is disposed: starts it again when it ends otherwise (killed, out of
/// memory), and keeps its log small.
/// </summary>
internal sealed class PostgresGuard : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // Who has run for so long has started well: the next end is another trouble.
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    private readonly PostgresServer _server;
    private readonly Func<CancellationToken, Task> _start;
    private readonly IProgress<string> _progress;
    private readonly CancellationTokenSource _over = new();
    private readonly Task _running;

    private PostgresGuard(PostgresServer server, Func<CancellationToken, Task> start, IProgress<string> progress)
    {
        (_server, _start, _progress) = (server, start, progress);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Begins to look after a server that runs.</summary>
    /// <param name="server">The server.</param>
    /// <param name="start">Starts it again, as it was.</param>
    /// <param name="progress">Told that it ended, and that it is back.</param>
    public static PostgresGuard Begin(PostgresServer server, Func<CancellationToken, Task> start, IProgress<string> progress) =>
        new(server, start, progress);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _over.Dispose();
    }

    private async Task RunAsync()
    {
        var (clock, restarts) = (TimeProvider.System, 0);
        var started = clock.GetTimestamp();
        using var timer = new PeriodicTimer(Look, clock);
        while (await timer.WaitForNextTickAsync(_over.Token))
        {
            if (_server.IsAlive)
            {
                _server.Log.RotateIfLarge();
                continue;
            }

            restarts = clock.GetElapsedTime(started) > Settled ? 0 : restarts;
            _progress.Report("Postgres has ended by itself; starting it again.");
            while (!await TryStartAsync(Pause(restarts++)))
            {
            }

            started = clock.GetTimestamp();
            _progress.Report("Postgres is back.");
        }
    }

    // At once, then after 1, 2, 4 seconds and so on.
    private static TimeSpan Pause(int restarts) =>
        restarts == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(Math.Pow(2, restarts - 1), LongestPause.TotalSeconds));

    private async Task<bool> TryStartAsync(TimeSpan pause)
    {
        await Task.Delay(pause, _over.Token);
        try
        {
            await _start(_over.Token);
            return true;
        }
        catch (Exception e) when (e is StartupFailure or IOException or UnauthorizedAccessException && !_over.IsCancellationRequested)
        {
            // What the old one has left may take a moment to be gone, or to let go of its files; its log has the reason.
            return false;
        }
    }
}
