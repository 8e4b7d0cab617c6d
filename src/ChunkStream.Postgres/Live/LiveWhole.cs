namespace ChunkStream.Postgres.Live;

/// <summary>
/// The result of a query that is run again for each change, as the readers of one group have it: its rows when they
/// begin, and then what has changed each time.
/// </summary>
/// <remarks>Only the group's steps run it again, one after another; readers begin at any time.</remarks>
internal sealed class LiveWhole(LiveQuery query, LiveRerun rerun, TimeProvider time, CancellationToken stopping)
    : IDisposable
{
    // Changes that come one after another are taken together, so that the query takes at most half of the time.
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private Task<LiveResult>? _first;
    private LiveResult? _untold;
    private long _ended;
    private TimeSpan _pause;
    private bool _isDisposed;

    /// <summary>The result; null before the first one, and at the end.</summary>
    public LiveResult? Result { get; private set; }

    /// <summary>
    /// The result; before there is one, the query is run for the first reader, and for those who come meanwhile.
    /// </summary>
    public Task<LiveResult> FirstAsync()
    {
        lock (_lock)
        {
            if (Result is not null)
                return Task.FromResult(Result);
            if (_first is null || _first.IsFaulted || _first.IsCanceled)
                _first = RunAsync(isNewcomer: true);
            return _first;
        }
    }

    /// <summary>Waits, after the query has run, for a time in which more may change.</summary>
    public Task PauseAsync()
    {
        var left = _pause - time.GetElapsedTime(_ended);
        return left > TimeSpan.Zero ? Task.Delay(left, time, stopping) : Task.CompletedTask;
    }

    /// <summary>Runs the query again.</summary>
    public Task<LiveResult> AgainAsync() => RunAsync(isNewcomer: false);

    /// <summary>The group tells its readers of a result: the one that was run last.</summary>
    public void Set(LiveResult result)
    {
        LiveResult? before;
        lock (_lock)
        {
            if (_isDisposed)
                return;

            // Nobody asks for the first one any more: its rows need not stay in memory.
            (before, Result, _first, _untold) = (Result, result, null, null);
        }

        // Readers who have begun with it, and are slow, still hold it.
        before?.Rows.Offer().Release();
    }

    /// <summary>The result that was run last is the same as the one before: readers go on to share that.</summary>
    public void Keep()
    {
        LiveResult? same;
        lock (_lock)
            (same, _untold) = (_untold, null);
        same?.Rows.Release();
    }

    /// <summary>Holds no result any more.</summary>
    public void Dispose()
    {
        LiveResult?[] held;
        lock (_lock)
        {
            (held, _isDisposed) = ([Result, _untold], true);
            (Result, _untold, _first) = (null, null, null);
        }

        foreach (var result in held)
            result?.Rows.Offer().Release();
    }

    private async Task<LiveResult> RunAsync(bool isNewcomer)
    {
        var began = time.GetTimestamp();
        LiveResult result;
        try
        {
            result = await rerun.RunAsync(query, isNewcomer, stopping).ConfigureAwait(false);
        }
        finally
        {
            var took = time.GetElapsedTime(began);
            (_pause, _ended) = (took > ShortestPause ? took : ShortestPause, time.GetTimestamp());
        }

        lock (_lock)
        {
            if (!_isDisposed)
                return _untold = result;
        }

        result.Rows.Release();
        throw new OperationCanceledException(stopping);
    }
}
