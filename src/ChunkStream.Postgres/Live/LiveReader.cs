using ChunkStream.Formats;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// Follows a query for one response: finds the rows with which it begins, and then each step that others of its group
/// take or it takes alone. What the client is to be told comes from <see cref="Rows"/>, or into <see cref="Outbox"/>.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="queries">The live queries of this process.</param>
/// <param name="run">What the request asks for.</param>
/// <param name="time">The clock.</param>
/// <param name="cancellation">Cancelled when nobody wants the stream any more.</param>
internal sealed class LiveReader(
    PostgresDatabase database, LiveQueries queries, LiveRun run, TimeProvider time, CancellationToken cancellation)
    : IAsyncDisposable
{
    // A reader is told a new position as often, although nothing changes: the log of changes forgets old ones.
    private static readonly TimeSpan PositionInterval = TimeSpan.FromSeconds(20);

    // A log that has just begun is ready once the transactions have ended that ran at that time. That may take hours,
    // and many readers may wait for it.
    private static readonly TimeSpan LongestReadyPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // A response that had to begin anew as often in a row leaves the next try to its client.
    private const int MostStarts = 3;

    private Phase _phase = Phase.Begin;
    private LiveQuery? _query;
    private LiveGroup? _group;
    private LiveNode? _node;
    private LiveStart? _start;
    private LivePosition? _reached;
    private int _starts;
    private int _waits;

    private enum Phase
    {
        Begin,
        Rows,
        Follow,
        Complete,
    }

    /// <summary>What the client is told next, before any more <see cref="Rows"/>.</summary>
    public LiveOutbox Outbox { get; } = new();

    /// <summary>The rows at the beginning; null where none were read from a cursor.</summary>
    public CursorSource? Rows { get; private set; }

    /// <summary>Whether the next thing to tell is a row of <see cref="Rows"/>, once the outbox is empty.</summary>
    public bool IsAmongRows => _phase is Phase.Rows;

    /// <summary>Whether the query is run as a whole at each change.</summary>
    public bool IsRerun => _query is { IsRerun: true };

    /// <summary>The columns; null before something was found.</summary>
    public StreamSchema? Schema { get; private set; }

    /// <summary>The span of the response; null where nobody traces it.</summary>
    public StreamSpan? Span { get; set; }

    /// <summary>The position that the client was told last; null while it is among the rows.</summary>
    public LivePosition? Told { get; set; } = run.Rows.After is null ? run.Since : null;

    /// <summary>Where the client is once it was told all that is known: at the next up-to-date.</summary>
    public LivePosition Next => _reached ?? _start!.First!;

    /// <summary>Waits until there is something to tell; false at the end of the response.</summary>
    /// <param name="row">A wait for the next row that has begun already; else null.</param>
    public async Task<bool> NextAsync(Task<bool>? row)
    {
        while (_phase is not Phase.Complete || Outbox.IsCut)
        {
            try
            {
                await (_phase switch
                {
                    _ when Outbox.IsCut => CatchUpAsync(),
                    Phase.Begin => BeginAsync(),
                    Phase.Rows => ReadRowsAsync(row),
                    _ => FollowAsync(),
                }).ConfigureAwait(false);
                if (Outbox.HasNext || IsAmongRows)
                    return true;
            }
            catch (MustRefetchException refetch) when (refetch.Reason != WatchProblem.Standby && _starts < MostStarts)
            {
                await LeaveAsync().ConfigureAwait(false);
                (_phase, _starts, _query) = (Phase.Begin, _starts + 1, null);
                Outbox.Clear();
                Outbox.Add(RecordKind.MustRefetch, refetch.Json);
            }
            catch (LogNotReadyException)
            {
                await LeaveAsync().ConfigureAwait(false);
                _phase = Phase.Begin;
                await Task.Delay(Backoff.Compute(++_waits, LongestReadyPause), time, cancellation)
                    .ConfigureAwait(false);
            }

            row = null;
        }

        // Also if the rest of it is dropped now: the next wait finds that out.
        return !Outbox.IsEmpty;
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await LeaveAsync().ConfigureAwait(false);
        Outbox.Clear();
    }

    // Afterwards the phase is Rows with a row to read, or something is in the outbox.
    private async Task BeginAsync()
    {
        var isAnew = _starts > 0;
        _query ??= await run.ResolveAsync(isAnew, cancellation).ConfigureAwait(false);
        _group = queries.Join(_query);
        if (_query.IsRerun)
        {
            await BeginWholeAsync(isAnew ? null : run.Since).ConfigureAwait(false);
            return;
        }

        _node = _group.Steps.Enter();
        if (!isAnew && run.Since is { } since && run.Rows.After is null)
        {
            await TakeStepAsync(since).ConfigureAwait(false);
            return;
        }

        _start = new LiveStart(_query.Watches, isAnew ? null : run.Since);
        var asked = run.Rows with { Snapshots = _start, After = isAnew ? null : run.Rows.After };
        Rows = new CursorSource(database, asked, RecordEncoding.Json, time, cancellation) { Span = Span };
        await ReadRowsAsync(row: null).ConfigureAwait(false);
    }

    // All readers of a query that is run as a whole get its rows from the same run. Whoever comes back goes on if the
    // result is the same as at the position; what has changed since is known to nobody.
    private async Task BeginWholeAsync(LivePosition? since)
    {
        (var whole, _node) = await WholeAsync().ConfigureAwait(false);
        if (!IsOfSameColumns(whole.Schema))
        {
            whole.Rows.Release();
            return;
        }

        Schema ??= whole.Schema with { HasCheckpoints = true };
        _phase = Phase.Follow;
        if (since is not null && whole.IsAt(since))
        {
            whole.Rows.Release();
            if (run.PollTime is null)
                Reach(whole.To);
            Told = whole.To;
            return;
        }

        // Who is cut among the rows begins anew.
        if (since is not null)
            Outbox.Add(RecordKind.MustRefetch, new MustRefetchException(MustRefetchException.Rerun).Json);
        Told = LivePosition.Unknown;
        Outbox.Add(whole.Rows);
        Reach(whole.To);
        if (run.PollTime is not null)
            _phase = Phase.Complete;
    }

    private async Task<(LiveResult, LiveNode)> WholeAsync()
    {
        try
        {
            return await _group!.BeginWholeAsync(cancellation).ConfigureAwait(false);
        }
        catch (PostgresException refusal) when (Schema is null && refusal.IsAboutValues())
        {
            if (run.Rows.WhyRefused is { } why && await why(cancellation).ConfigureAwait(false) is { } problem)
                throw new ProblemException(problem, refusal);
            throw;
        }
    }

    private async Task ReadRowsAsync(Task<bool>? row)
    {
        var hasRow = await (row ?? Rows!.WaitToReadAsync().AsTask()).ConfigureAwait(false);
        if (!IsOfSameColumns(Rows!.Schema))
            return;

        Schema ??= Rows.Schema;
        _phase = Phase.Rows;
        if (hasRow)
            return;

        if (_start!.IsMixed)
            await TakeStepAsync(_start.First!).ConfigureAwait(false);
        else
            Reach(_start.First!);
        _phase = run.PollTime is null ? Phase.Follow : Phase.Complete;
    }

    // The client learns of other columns with its next response.
    private bool IsOfSameColumns(StreamSchema schema)
    {
        if (Schema is null || Schema.Columns.SequenceEqual(schema.Columns))
            return true;
        _phase = Phase.Complete;
        return false;
    }

    private async Task FollowAsync()
    {
        // Others who joined at the same time may have begun the group at a later snapshot than this reader's.
        if (_node!.From!.IsAfter(Told!))
        {
            await CatchUpAsync().ConfigureAwait(false);
            return;
        }

        var isOver = _node.IsOver;
        if (!await isOver.CompletesWithinAsync(run.PollTime ?? PositionInterval, time, cancellation)
            .ConfigureAwait(false))
        {
            if (_group!.PositionAt(_node) is { } same && same.IsAfter(Told!))
                Reach(same);
            else if (run.PollTime is not null)
                Reach(Told!);
            if (run.PollTime is not null)
                _phase = Phase.Complete;
            return;
        }

        await isOver.ConfigureAwait(false);
        if (_group!.Steps.Take(_node) is not { } step)
        {
            // The group is too far ahead to tell what came next.
            await CatchUpAsync().ConfigureAwait(false);
            return;
        }

        // A step that was under way when this reader took its own snapshot says nothing new to it.
        _node = step.Node;
        if (step.To.IsAfter(Told!))
            Take(step.To, step.Changes);
        else
            step.Changes.Release();
    }

    // The client takes what comes too slowly for others to wait for it, and a part of it was dropped. All that it has
    // been told since its last position it is told again.
    private async Task CatchUpAsync()
    {
        Outbox.Clear();
        if (_query!.IsRerun)
            throw new MustRefetchException(MustRefetchException.Rerun);
        _group!.Steps.Leave(_node!);
        _node = _group.Steps.Enter();
        await TakeStepAsync(Told ?? _start!.First!).ConfigureAwait(false);
    }

    // A step for this reader alone. It ends at or after the place from which the reader follows its group.
    private async Task TakeStepAsync(LivePosition from)
    {
        for (var failures = 0; ;)
        {
            try
            {
                var result = await queries.Step.RunAsync(_query!, from, Schema is null, cancellation)
                    .ConfigureAwait(false);
                Schema ??= result.Schema! with { HasCheckpoints = true };
                Take(result.To, result.Changes?.Offer());
                return;
            }
            catch (Exception failure)
                when (Schema is not null && !cancellation.IsCancellationRequested && LiveFailures.MayPass(failure))
            {
                await Task.Delay(Backoff.Compute(++failures, LongestPause), time, cancellation).ConfigureAwait(false);
            }
        }
    }

    // Who polls gets an answer as soon as something has changed, or once it has the rows of a start.
    private void Take(LivePosition to, LiveBatch? changes)
    {
        var isAnswer = run.PollTime is not null && (changes is not null || IsAmongRows);
        _phase = isAnswer ? Phase.Complete : Phase.Follow;
        if (changes is not null)
            Outbox.Add(changes);
        if (run.PollTime is null || isAnswer)
        {
            Reach(to);
            return;
        }

        Told = to;
        _group!.Begin(to);
    }

    private void Reach(LivePosition position)
    {
        _reached = position;
        _group!.Begin(position);
        _starts = 0;
        Outbox.Add(RecordKind.UpToDate);
    }

    private async ValueTask LeaveAsync()
    {
        var (rows, group, node) = (Rows, _group, _node);
        (Rows, _group, _node) = (null, null, null);
        if (rows is not null)
            await rows.DisposeAsync().ConfigureAwait(false);
        if (group is not null)
            queries.Leave(group, node);
    }
}
