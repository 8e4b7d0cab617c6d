namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// Looks after a server until it is disposed. It starts the server again when that ends by itself (it was killed, or
/// the memory ran out), and keeps its log small.
/// </summary>
internal sealed class PostgresGuard : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // A server that has run for so long had started well; if it ends then, the pauses begin at zero again.
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

    /// <summary>Begins to look after a running server.</summary>
    /// <param name="server">The server.</param>
    /// <param name="start">Starts the server again, as it was.</param>
    /// <param name="progress">Gets a line when the server has ended, and when it is back.</param>
    public static PostgresGuard Begin(
        PostgresServer server, Func<CancellationToken, Task> start, IProgress<string> progress) =>
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

    // The first attempt comes at once, the next ones after 1, 2, 4 seconds and so on.
    private static TimeSpan Pause(int restarts) =>
        restarts == 0
            ? TimeSpan.Zero
            : TimeSpan.FromSeconds(Math.Min(Math.Pow(2, restarts - 1), LongestPause.TotalSeconds));

    private async Task<bool> TryStartAsync(TimeSpan pause)
    {
        await Task.Delay(pause, _over.Token);
        try
        {
            await _start(_over.Token);
            return true;
        }
        catch (Exception e) when (e is StartupFailure or IOException or UnauthorizedAccessException
            && !_over.IsCancellationRequested)
        {
            // Processes that the old server left may need a moment to end or to close their files. The log has the
            // reason.
            return false;
        }
    }
}
