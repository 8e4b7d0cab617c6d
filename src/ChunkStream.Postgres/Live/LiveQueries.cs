using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.Extensions.Options;

namespace ChunkStream.Postgres.Live;

/// <summary>The live queries that are read on this process now.</summary>
internal sealed class LiveQueries : IAsyncDisposable
{
    private readonly LiveStep _step;
    private readonly LiveRerun _rerun;
    private readonly LiveMemory _memory;
    private readonly ChangeWatcher _watcher;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LiveGroup> _groups = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _mostAnonymous;
    private int _anonymous;

    public LiveQueries(
        PostgresDatabase database,
        LiveDatabase live,
        ChangeLog changes,
        LiveMemory memory,
        IOptions<LiveOptions> options,
        IOptions<StreamingOptions> streaming,
        TimeProvider time,
        LiveLog log)
    {
        (_memory, _time, _mostAnonymous) = (memory, time, streaming.Value.MaxAnonymousStreams);
        _step = new LiveStep(database, memory, options.Value.StepRows);
        _rerun = new LiveRerun(database, memory, options.Value.RerunRows);
        _watcher = new ChangeWatcher(live, changes, this, time, log);
    }

    /// <summary>Takes a step for one reader alone.</summary>
    public LiveStep Step => _step;

    /// <summary>The groups that have readers, and go on.</summary>
    public IReadOnlyList<LiveGroup> Groups
    {
        get
        {
            lock (_lock)
                return [.. _groups.Values.Where(group => !group.HasEnded)];
        }
    }

    /// <summary>
    /// Joins those who follow the same query. To be called before the rows are read; and then <see cref="Leave"/>.
    /// </summary>
    /// <exception cref="ProblemException">There are too many readers without a key.</exception>
    public LiveGroup Join(LiveQuery query)
    {
        LiveGroup? group;
        lock (_lock)
        {
            // A reader that waits holds no connection, so the places for connections don't bound them.
            if (query.IsAnonymous && _anonymous >= _mostAnonymous)
                throw new ProblemException(Problem.TooManyStreams);
            _anonymous += query.IsAnonymous ? 1 : 0;
            if (!_groups.TryGetValue(query.SharedBy, out group) || group.HasEnded)
                _groups[query.SharedBy] = group = new LiveGroup(
                    query, _step, _rerun, _memory, _time, _stop.Token);
            group.Readers++;
        }

        _watcher.Watch();
        return group;
    }

    /// <summary>A reader has left.</summary>
    /// <param name="group">Its group.</param>
    /// <param name="node">Its place among the steps, if it had one.</param>
    public void Leave(LiveGroup group, LiveNode? node)
    {
        if (node is not null)
            group.Steps.Leave(node);
        lock (_lock)
        {
            _anonymous -= group.Query.IsAnonymous ? 1 : 0;
            if (--group.Readers > 0)
                return;
            if (_groups.GetValueOrDefault(group.Query.SharedBy) == group)
                _groups.Remove(group.Query.SharedBy);
        }

        group.Dispose();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watcher.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }
}
