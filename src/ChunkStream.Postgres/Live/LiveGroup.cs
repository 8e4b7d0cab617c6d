using System.Runtime.ExceptionServices;
using ChunkStream.Streaming;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// The readers of this process that follow the same query as the same caller. Each step is taken once for all of them.
/// </summary>
/// <remarks>
/// A reader joins before it reads its rows, and then follows from where the group was. What it is told twice does no
/// harm: a step says how the rows are at its end, whatever was known before.
/// </remarks>
internal sealed class LiveGroup : IDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly LiveStep _step;
    private readonly LiveMemory _memory;
    private readonly LiveWhole? _whole;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationToken _stopping;
    private readonly Lock _lock = new();
    private LivePosition? _position;
    private LiveSnapshot? _looked;
    private bool _isChanged;
    private bool _isStepping;
    private Exception? _end;

    /// <param name="query">What it follows.</param>
    /// <param name="step">Takes steps.</param>
    /// <param name="rerun">Runs a query as a whole, if it is one for which that is needed.</param>
    /// <param name="memory">Where changes are held until readers have taken them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="stopping">Cancelled when the process stops.</param>
    public LiveGroup(
        LiveQuery query,
        LiveStep step,
        LiveRerun rerun,
        LiveMemory memory,
        TimeProvider time,
        CancellationToken stopping)
    {
        (Query, _step, _memory, _time) = (query, step, memory, time);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _stopping = _stop.Token;
        _whole = query.IsRerun ? new LiveWhole(query, rerun, time, _stopping) : null;
    }

    /// <summary>What it follows.</summary>
    public LiveQuery Query { get; }

    /// <summary>Its steps, which readers enter, take and leave.</summary>
    public LiveSteps Steps { get; } = new();

    /// <summary>How many readers it has. Only <see cref="LiveQueries"/> changes it.</summary>
    public int Readers { get; set; }

    /// <summary>Whether there will be no more steps, because one has failed.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_lock)
                return _end is not null;
        }
    }

    /// <summary>Whether a reader has had the rows: what it asked for is good, and a look is heeded.</summary>
    public bool HasBegun
    {
        get
        {
            lock (_lock)
                return _position is not null;
        }
    }

    /// <summary>Where the group is, if it has taken no step after a place; else null.</summary>
    public LivePosition? PositionAt(LiveNode node)
    {
        lock (_lock)
            return node == Steps.Tail ? _position : null;
    }

    /// <summary>A reader has the rows as of a position: from there the group goes on, if it has none yet.</summary>
    public void Begin(LivePosition position)
    {
        lock (_lock)
        {
            if (_position is null)
                (_position, Steps.Tail.From) = (position, position);
            BeginStepIfNeeded();
        }
    }

    /// <summary>
    /// The whole result of a query that is run again, as of now, and the place after which a reader that has it
    /// follows: the reader holds the rows, and has entered there.
    /// </summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="Exception">The query could not be run.</exception>
    public async Task<(LiveResult Result, LiveNode Node)> BeginWholeAsync(CancellationToken cancellation)
    {
        var first = await _whole!.FirstAsync().WaitAsync(cancellation).ConfigureAwait(false);
        lock (_lock)
        {
            if (_end is not null)
                ExceptionDispatchInfo.Throw(_end);
            if (_whole.Result is null)
            {
                _whole.Set(first);
                Begin(first.To);
            }

            var result = _whole.Result! with { To = _position! };
            result.Rows.TryHold();
            return (result, Steps.Enter());
        }
    }

    /// <summary>
    /// Takes what a look at the log says. Only <see cref="ChangeWatcher"/> calls it, one look after another.
    /// </summary>
    /// <param name="since">The snapshot of the look before; null for none.</param>
    /// <param name="snapshot">The snapshot of this look.</param>
    /// <param name="hasChanged">Whether something that concerns the query has changed between the two.</param>
    public void Look(LiveSnapshot? since, LiveSnapshot snapshot, bool hasChanged)
    {
        lock (_lock)
        {
            // Whose rows are not read yet is asked for again at the next look.
            if (_position is null)
                return;

            // A group that has begun while the look before was under way was not told what that has seen. If it was
            // told, or its rows are later than that, nothing lies between.
            var isTold = since is not null
                && (_looked == since || !since.IsAfter(_position.Snapshot));
            _looked = snapshot;
            if (!isTold || hasChanged)
            {
                _isChanged = true;
                BeginStepIfNeeded();
            }
            else if (!_isStepping && !_isChanged && snapshot.IsAfter(_position.Snapshot))
            {
                // The result is the same there.
                _position = _position with { Snapshot = snapshot };
            }
        }
    }

    /// <summary>A look was not possible: the next step tells whether the log is still there.</summary>
    public void Doubt()
    {
        lock (_lock)
        {
            _isChanged = true;
            BeginStepIfNeeded();
        }
    }

    /// <summary>Nobody reads it any more: ends a step that is under way.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        End(new OperationCanceledException());
        _stop.Dispose();
    }

    private void BeginStepIfNeeded()
    {
        if (!_isChanged || _isStepping || _end is not null || _position is null)
            return;
        _isStepping = true;
        _ = Background.Run(StepAsync);
    }

    // Goes on until a step began after the last change that was heard of.
    private async Task StepAsync()
    {
        for (var failures = 0; ;)
        {
            if (_whole is not null)
                await _whole.PauseAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            LivePosition from;
            lock (_lock)
            {
                if (!_isChanged || _end is not null)
                {
                    _isStepping = false;
                    return;
                }

                _isChanged = false;
                from = _position!;
            }

            try
            {
                if (_whole is null)
                    await AddStepAsync(from).ConfigureAwait(false);
                else
                    await AddWholeAsync(_whole).ConfigureAwait(false);
                failures = 0;
            }
            catch (Exception failure) when (!_stopping.IsCancellationRequested && LiveFailures.MayPass(failure))
            {
                lock (_lock)
                    _isChanged = true;
                await Task.Delay(Backoff.Compute(++failures, LongestPause), _time, _stopping)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception failure)
            {
                End(failure);
                return;
            }
        }
    }

    private async Task AddStepAsync(LivePosition from)
    {
        var result = await _step.RunAsync(Query, from, isFirst: false, _stopping).ConfigureAwait(false);
        lock (_lock)
            Add(result.To, result.Changes);
    }

    private async Task AddWholeAsync(LiveWhole whole)
    {
        var result = await whole.AgainAsync().ConfigureAwait(false);
        if (whole.Result is not { } before)
            return;
        var changes = result.Since(before, _memory);
        lock (_lock)
        {
            Add(result.To, changes);
            if (changes is null)
                whole.Keep();
            else
                whole.Set(result);
        }
    }

    private void Add(LivePosition to, LiveBatch? changes)
    {
        _position = to;
        if (_end is not null)
            changes?.Release();
        else if (changes is not null)
            Steps.Add(to, changes.Offer());
    }

    private void End(Exception failure)
    {
        lock (_lock)
        {
            (_end, _isStepping) = (_end ?? failure, false);
            Steps.End(failure);
            _whole?.Dispose();
        }
    }
}
