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
/// The rows of a query, and then what changes of them, for as long as the response lasts. After all that is known at a
/// moment comes the position, with which another request goes on.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="queries">The live queries of this process.</param>
/// <param name="run">What the request asks for.</param>
/// <param name="time">The clock.</param>
/// <param name="cancellation">Cancelled when nobody wants the stream any more.</param>
internal sealed class LiveQuerySource(
    PostgresDatabase database, LiveQueries queries, LiveRun run, TimeProvider time, CancellationToken cancellation)
    : StreamSource, IKindSource
{
    // A reader is told a new position as often, although nothing changes: the log of changes forgets old ones.
    private static readonly TimeSpan PositionInterval = TimeSpan.FromSeconds(20);

    // A log that has just begun is ready once the transactions have ended that ran at that time. That may take hours,
    // and many readers may wait for it.
    private static readonly TimeSpan LongestReadyPause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // A response that had to begin anew as often in a row leaves the next try to its client.
    private const int MostStarts = 3;

    private readonly Queue<LiveChange> _queue = new();
    private Phase _phase = Phase.Begin;
    private LiveQuery? _query;
    private LiveGroup? _group;
    private LiveNode? _node;
    private CursorSource? _rows;
    private LiveStart? _start;
    private StreamSchema? _schema;
    private Task? _waiting;
    private int _starts;
    private int _waits;

    // The position that the client was told last, and the one that it reaches with the end of the queue.
    private LivePosition? _told = run.Rows.After is null ? run.Since : null;
    private LivePosition? _reached;

    private enum Phase
    {
        Begin,
        Rows,
        Follow,
        Complete,
    }

    /// <inheritdoc />
    public RecordKind Kind { get; private set; }

    /// <inheritdoc />
    public bool GoesOn => true;

    /// <inheritdoc />
    public override StreamSchema Schema => _schema!;

    /// <summary>
    /// Where a reader is that has applied what the response says until its next <see cref="RecordKind.UpToDate"/>, or
    /// was there before. It is known once a record has come.
    /// </summary>
    public LivePosition Next => _reached ?? _start!.First!;

    /// <inheritdoc />
    public override ReadOnlySpan<byte> Checkpoint
        => _told is { } told ? Token(told) : _rows is { } rows ? rows.Checkpoint : [];

    /// <inheritdoc />
    internal override ReadOnlySpan<byte> LinkedCheckpoint
        => _told is { } told ? Token(told) : _rows is { } rows ? rows.LinkedCheckpoint : [];

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync()
    {
        if (_queue.Count > 0)
            return new ValueTask<bool>(true);
        if (_phase is not Phase.Rows)
            return Wait(NextAsync(rows: null));

        // A row that has arrived costs no task.
        var row = _rows!.WaitToReadAsync();
        if (!row.IsCompletedSuccessfully)
            return Wait(NextAsync(row.AsTask()));
        return row.Result ? new ValueTask<bool>(true) : Wait(NextAsync(Task.FromResult(false)));

        ValueTask<bool> Wait(Task<bool> next)
        {
            _waiting = next;
            return new ValueTask<bool>(next);
        }
    }

    /// <inheritdoc />
    public override bool TryRead()
    {
        if (_queue.TryPeek(out var change))
            Kind = change.Kind;
        else if (_phase is Phase.Rows && _rows!.TryRead())
            Kind = RecordKind.Row;
        else
            return false;
        return true;
    }

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output)
    {
        if (_queue.Count == 0)
        {
            _rows!.WriteRecord(output);
            _told = null;
            return;
        }

        var json = _queue.Dequeue().Json.Span;
        if (Kind is RecordKind.UpToDate)
        {
            _told = _reached!;
            output.Write("{\"position\":\""u8);
            output.Write(Token(_told));
            output.Write("\"}"u8);
            return;
        }

        if (Kind is RecordKind.MustRefetch)
            _told = LivePosition.Unknown;
        output.Write(json);
    }

    /// <inheritdoc />
    public override Task WaitForReaderAsync(Task reader)
        => _phase is Phase.Rows ? _rows!.WaitForReaderAsync(reader) : reader;

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => run.Rows.Describe?.Invoke(failure)
        ?? (run.Rows.Query.ShowsErrors ? RaisedProblem.Describe(failure) : null)
        ?? (run.Rows.Query.RunsAs is not null ? PostgresFailures.DescribeToUser(failure) : null)
        ?? LiveFailures.Describe(failure);

    /// <inheritdoc />
    internal override StreamContinuations Continuations => _rows?.Continuations ?? default;

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await (_waiting ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await LeaveAsync().ConfigureAwait(false);
    }

    private async Task<bool> NextAsync(Task<bool>? rows)
    {
        while (_phase is not Phase.Complete)
        {
            try
            {
                await (_phase switch
                {
                    Phase.Begin => BeginAsync(),
                    Phase.Rows => ReadRowsAsync(rows),
                    _ => FollowAsync(),
                }).ConfigureAwait(false);
                if (_queue.Count > 0 || _phase is Phase.Rows)
                    return true;
            }
            catch (MustRefetchException refetch) when (refetch.Reason != WatchProblem.Standby && _starts < MostStarts)
            {
                await LeaveAsync().ConfigureAwait(false);
                (_phase, _starts, _query) = (Phase.Begin, _starts + 1, null);
                _queue.Clear();
                _queue.Enqueue(new LiveChange(RecordKind.MustRefetch, refetch.Json));
            }
            catch (LogNotReadyException)
            {
                await LeaveAsync().ConfigureAwait(false);
                _phase = Phase.Begin;
                await Task.Delay(Backoff.Compute(++_waits, LongestReadyPause), time, cancellation)
                    .ConfigureAwait(false);
            }

            rows = null;
        }

        return _queue.Count > 0;
    }

    // Afterwards the phase is Rows with a row to read, or something is in the queue.
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

        _node = _group.Tail;
        if (!isAnew && run.Since is { } since && run.Rows.After is null)
        {
            var result = await TakeStepAsync(since).ConfigureAwait(false);
            _phase = run.PollTime is not null && result.Changes.Count > 0 ? Phase.Complete : Phase.Follow;
            return;
        }

        _start = new LiveStart(_query.Watches, isAnew ? null : run.Since);
        var asked = run.Rows with { Snapshots = _start, After = isAnew ? null : run.Rows.After };
        _rows = new CursorSource(database, asked, RecordEncoding.Json, time, cancellation) { Span = Span };
        await ReadRowsAsync(rows: null).ConfigureAwait(false);
    }

    // All readers of a query that is run as a whole get its rows from the same run. Whoever comes back goes on if the
    // result is the same as at the position; what has changed since is known to nobody.
    private async Task BeginWholeAsync(LivePosition? since)
    {
        (var whole, _node) = await WholeAsync().ConfigureAwait(false);
        if (_schema is not null && !_schema.Columns.SequenceEqual(whole.Schema.Columns))
        {
            _phase = Phase.Complete;
            return;
        }

        _schema ??= whole.Schema with { HasCheckpoints = true };
        _phase = Phase.Follow;
        if (since is not null && whole.IsAt(since))
        {
            if (run.PollTime is null)
                Reach(whole.To);
            _told = whole.To;
            return;
        }

        // Who is cut among the rows begins anew.
        if (since is not null)
        {
            _queue.Enqueue(new LiveChange(
                RecordKind.MustRefetch, new MustRefetchException(MustRefetchException.Rerun).Json));
        }

        _told = LivePosition.Unknown;
        foreach (var row in whole.Rows.Values)
            _queue.Enqueue(new LiveChange(RecordKind.Row, row));
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
        catch (PostgresException refusal) when (_schema is null && refusal.IsAboutValues())
        {
            if (run.Rows.WhyRefused is { } why && await why(cancellation).ConfigureAwait(false) is { } problem)
                throw new ProblemException(problem, refusal);
            throw;
        }
    }

    private async Task ReadRowsAsync(Task<bool>? rows)
    {
        var hasRow = await (rows ?? _rows!.WaitToReadAsync().AsTask()).ConfigureAwait(false);
        if (_schema is not null && !_schema.Columns.SequenceEqual(_rows!.Schema.Columns))
        {
            // The client learns of other columns with its next response.
            _phase = Phase.Complete;
            return;
        }

        _schema ??= _rows!.Schema;
        _phase = Phase.Rows;
        if (hasRow)
            return;

        var first = _start!.First!;
        if (_start.IsMixed)
            await TakeStepAsync(first).ConfigureAwait(false);
        else
            Reach(first);
        _phase = run.PollTime is null ? Phase.Follow : Phase.Complete;
    }

    private async Task FollowAsync()
    {
        // Others who joined at the same time may have begun the group at a later snapshot than this reader's.
        if (_node!.From!.IsAfter(_told!))
        {
            await CatchUpAsync().ConfigureAwait(false);
            return;
        }

        var isOver = _node.IsOver;
        if (!await isOver.CompletesWithinAsync(run.PollTime ?? PositionInterval, time, cancellation)
            .ConfigureAwait(false))
        {
            if (_group!.PositionAt(_node) is { } same && same.IsAfter(_told!))
                Reach(same);
            else if (run.PollTime is not null)
                Reach(_told!);
            if (run.PollTime is not null)
                _phase = Phase.Complete;
            return;
        }

        await isOver.ConfigureAwait(false);
        if (_node.Next is var (result, node))
        {
            _node = node;

            // A step that was under way when this reader took its own snapshot says nothing new to it.
            if (!result.To.IsAfter(_told!))
                return;
            Take(result);
        }
        else
        {
            // The group is too far ahead to tell what came next.
            await CatchUpAsync().ConfigureAwait(false);
        }

        if (run.PollTime is not null)
            _phase = Phase.Complete;
    }

    private async Task CatchUpAsync()
    {
        if (_query!.IsRerun)
            throw new MustRefetchException(MustRefetchException.Rerun);
        _node = _group!.Tail;
        var result = await TakeStepAsync(_told!).ConfigureAwait(false);
        if (run.PollTime is not null && result.Changes.Count > 0)
            _phase = Phase.Complete;
    }

    // A step for this reader alone. It ends at or after the place from which the reader follows its group.
    private async Task<StepResult> TakeStepAsync(LivePosition from)
    {
        for (var failures = 0; ;)
        {
            try
            {
                var result = await queries.Step.RunAsync(_query!, from, _schema is null, cancellation)
                    .ConfigureAwait(false);
                _schema ??= result.Schema! with { HasCheckpoints = true };
                Take(result);
                return result;
            }
            catch (Exception failure)
                when (_schema is not null && !cancellation.IsCancellationRequested && LiveFailures.MayPass(failure))
            {
                await Task.Delay(Backoff.Compute(++failures, LongestPause), time, cancellation).ConfigureAwait(false);
            }
        }
    }

    private void Take(StepResult result)
    {
        foreach (var change in result.Changes)
            _queue.Enqueue(change);

        // Who polls gets an answer as soon as something has changed.
        if (run.PollTime is null || result.Changes.Count > 0)
        {
            Reach(result.To);
            return;
        }

        _told = result.To;
        _group!.Begin(result.To);
    }

    private void Reach(LivePosition position)
    {
        _reached = position;
        _group!.Begin(position);
        _starts = 0;
        _queue.Enqueue(new LiveChange(RecordKind.UpToDate, default));
    }

    // All who poll from one position get the same token, so that their next polls have the same URL for a cache: it
    // names no span.
    private ReadOnlySpan<byte> Token(LivePosition position)
    {
        var isPoll = run.PollTime is not null;
        if (isPoll && run.Since is { } since && since.Snapshot.Text == position.Snapshot.Text)
            position = position with { Turn = since.Turn + 1 };
        return run.Rows.Tokens!.Make(
            position.Ascii,
            isPoll ? null : Span is { } span ? span.Origin : run.Rows.Origin);
    }

    private async ValueTask LeaveAsync()
    {
        var (rows, group) = (_rows, _group);
        (_rows, _group) = (null, null);
        if (rows is not null)
            await rows.DisposeAsync().ConfigureAwait(false);
        if (group is not null)
            queries.Leave(group);
    }
}
