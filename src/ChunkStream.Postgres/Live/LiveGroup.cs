using ChunkStream.Streaming;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// The readers of this process that follow the same query as the same caller. Each step is taken once for all of them.
/// </summary>
/// <remarks>
/// A reader joins before it reads its rows, and then follows from where the group was. What it is told twice does no
/// harm: a step says how the rows are at its end, whatever was known before.
/// </remarks>
internal sealed class LiveGroup
{
    // The latest steps are kept up to this, for readers that are slow. A reader that is slower takes a step of its own.
    private const long MostBytes = 1024 * 1024;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly LiveStep _step;
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly Lock _lock = new();
    private readonly Queue<LiveNode> _kept = new();
    private LiveNode _tail = new();
    private LivePosition? _position;
    private string? _looked;
    private long _keptBytes;
    private bool _isChanged;
    private bool _isStepping;
    private bool _hasEnded;

    public LiveGroup(LiveQuery query, LiveStep step, TimeProvider time, CancellationToken stopping)
        => (Query, _step, _time, _stopping) = (query, step, time, stopping);

    /// <summary>What it follows.</summary>
    public LiveQuery Query { get; }

    /// <summary>How many readers it has. Only <see cref="LiveQueries"/> changes it.</summary>
    public int Readers { get; set; }

    /// <summary>After which a reader that joins now follows.</summary>
    public LiveNode Tail
    {
        get
        {
            lock (_lock)
                return _tail;
        }
    }

    /// <summary>Where the group is, if it has taken no step after a place; else null.</summary>
    public LivePosition? PositionAt(LiveNode node)
    {
        lock (_lock)
            return node == _tail ? _position : null;
    }

    /// <summary>A reader has the rows as of a position: from there the group goes on, if it has none yet.</summary>
    public void Begin(LivePosition position)
    {
        lock (_lock)
        {
            if (_position is null)
                (_position, _tail.From) = (position, position);
            BeginStepIfNeeded();
        }
    }

    /// <summary>
    /// Takes what a look at the log says. Only <see cref="ChangeWatcher"/> calls it, one look after another.
    /// </summary>
    /// <param name="since">The snapshot of the look before; null for none.</param>
    /// <param name="snapshot">The snapshot of this look.</param>
    /// <param name="hasChanged">Whether a table of the query has changed between the two.</param>
    public void Look(string? since, string snapshot, bool hasChanged)
    {
        lock (_lock)
        {
            // Whose rows are not read yet is asked for again at the next look.
            if (_position is null)
                return;

            // A group that has begun while the look before was under way was not told what that has seen. If it was
            // told, or its rows are later than that, nothing lies between.
            var isTold = since is not null
                && (_looked == since || !_position.With(since).IsAfter(_position));
            _looked = snapshot;
            if (!isTold || hasChanged)
            {
                _isChanged = true;
                BeginStepIfNeeded();
            }
            else if (!_isStepping && !_isChanged && _position.With(snapshot) is var position
                && position.IsAfter(_position))
            {
                // The result is the same there.
                _position = position;
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

    private void BeginStepIfNeeded()
    {
        if (!_isChanged || _isStepping || _hasEnded || _position is null)
            return;
        _isStepping = true;
        _ = Background.Run(StepAsync);
    }

    // Goes on until a step began after the last change that was heard of.
    private async Task StepAsync()
    {
        for (var failures = 0; ;)
        {
            LivePosition from;
            lock (_lock)
            {
                if (!_isChanged || _hasEnded)
                {
                    _isStepping = false;
                    return;
                }

                _isChanged = false;
                from = _position!;
            }

            try
            {
                Add(await _step.RunAsync(Query, from, isFirst: false, _stopping).ConfigureAwait(false));
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

    private void Add(StepResult result)
    {
        lock (_lock)
        {
            _position = result.To;
            if (result.Changes.Count == 0)
                return;

            var before = _tail;
            _tail = new LiveNode { From = result.To };
            _kept.Enqueue(before);
            _keptBytes += result.Bytes;
            before.Set(result, _tail);
            while (_keptBytes > MostBytes && _kept.Count > 1)
                _keptBytes -= _kept.Dequeue().Forget();
        }
    }

    private void End(Exception failure)
    {
        lock (_lock)
        {
            (_hasEnded, _isStepping) = (true, false);
            _tail.Fail(failure);
        }
    }
}

/// <summary>A place between two steps of a group. Who waits there gets the next step.</summary>
internal sealed class LiveNode
{
    private readonly TaskCompletionSource<LiveNode> _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StepResult? _result;

    /// <summary>
    /// From where the next step tells what changes, or from later if nothing changes until there. Null before the group
    /// has a position.
    /// </summary>
    public LivePosition? From { get; set; }

    /// <summary>The place after the next step. Fails if there will be none.</summary>
    public Task<LiveNode> Next => _next.Task;

    /// <summary>
    /// What changed until <see cref="Next"/>; null if it was forgotten, because this reader is too slow.
    /// </summary>
    public StepResult? Result => Volatile.Read(ref _result);

    /// <summary>The step has been taken.</summary>
    public void Set(StepResult result, LiveNode next)
    {
        Volatile.Write(ref _result, result);
        _next.TrySetResult(next);
    }

    /// <summary>There will be no step.</summary>
    public void Fail(Exception failure)
    {
        _next.TrySetException(failure);
        _ = _next.Task.Exception;
    }

    /// <summary>Forgets the result, and tells how many bytes it had.</summary>
    public long Forget()
    {
        var bytes = _result!.Bytes;
        Volatile.Write(ref _result, null);
        return bytes;
    }
}
