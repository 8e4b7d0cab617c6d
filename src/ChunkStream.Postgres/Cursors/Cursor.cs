using System.Globalization;
using System.Text.Json;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Rows;
using ChunkStream.Streaming;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// A cursor of Postgres in a read-only transaction of its own connection, read row by row while the next rows are on
/// their way: several FETCHes are sent ahead, and TCP holds the backend back when nobody reads them.
/// </summary>
internal sealed class Cursor : IAsyncDisposable
{
    // At most one round of FETCHes, a few megabytes, is on its way: this is long enough to skip it, and nobody notices.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMilliseconds(100);

    // Long enough for a few hundred kilobytes to arrive, and too short for anyone to notice.
    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(3);

    private readonly PostgresSession _session;
    private readonly string _name;
    private readonly FetchPlan _plan;
    private readonly string _span;
    private readonly CursorScope _scope;
    private readonly ServerWait _wait;
    private FetchRound? _round;
    private Task<bool>? _pending;
    private int? _unawareBackend;
    private Fetched _fetchedInRound;
    private long _rowsInFetch;
    private long _bytesBeforeFetch;
    private TimeSpan _waitedBeforeFetch;

    /// <param name="session">The connection, inside a transaction. The cursor owns it from now on.</param>
    /// <param name="name">The cursor's name in SQL.</param>
    /// <param name="rows">Writes the rows.</param>
    /// <param name="plan">How many rows to ask for at a time.</param>
    /// <param name="scope">Where the cursor is, and for how long it is wanted.</param>
    /// <param name="span">What the span of its opening is called.</param>
    public Cursor(
        PostgresSession session, string name, RowWriter rows, FetchPlan plan, CursorScope scope, string span)
    {
        (_session, _name, Rows, _plan, _scope, _span) = (session, name, rows, plan, scope, span);
        _wait = new ServerWait(session, rows, scope);
    }

    /// <summary>About how many rows there will be, as the planner thinks; null where it was not asked.</summary>
    public long? EstimatedRows { get; private set; }

    /// <summary>Writes the current row.</summary>
    public RowWriter Rows { get; }

    /// <summary>Whether Postgres is asked for more than one row at a time now.</summary>
    public bool FetchesSeveral => _plan.RowsPerFetch > 1;

    /// <summary>The reader that stands on the current row.</summary>
    public NpgsqlDataReader Current => _round!.Reader;

    /// <summary>Sends what opens the cursor, and its first FETCH.</summary>
    /// <param name="opening">What opens it.</param>
    /// <returns>
    /// False if the query's columns were described as the connection's user, and its names may mean something else to
    /// the role as which it runs. The cursor is then of no use.
    /// </returns>
    /// <exception cref="RoleRefusedException">The role is not there, or may not be taken.</exception>
    public async Task<bool> StartAsync(CursorCommands opening)
    {
        try
        {
            // The first answer is that to the settings.
            await SendRoundAsync(opening.All, _span).ConfigureAwait(false);
            await _wait.ForAsync(Current.ReadAsync(CancellationToken.None)).ConfigureAwait(false);
        }
        catch (PostgresException refusal) when (opening.Identity?.IsRefusedBy(refusal) == true)
        {
            throw new RoleRefusedException(opening.Identity.Role!, refusal);
        }

        if (opening.Identity?.ChangesNames(Current) == true)
            return false;
        ReadLimits();
        await _wait.ForAsync(Current.NextResultAsync(CancellationToken.None)).ConfigureAwait(false);
        if (opening.Explain is not null)
            await ReadEstimateAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>
    /// Steps to the next row if it has arrived already. False does not mean that the result has ended.
    /// </summary>
    public bool TryRead()
    {
        if (_pending is not null)
            return false;

        var next = Current.ReadAsync(CancellationToken.None);
        if (next.IsCompletedSuccessfully && next.Result)
        {
            _rowsInFetch++;
            return true;
        }

        _pending = next;
        return false;
    }

    /// <summary>Steps to the next row, waiting for it if need be; false at the end of the result.</summary>
    public async Task<bool> ReadAsync()
    {
        while (true)
        {
            var next = _pending ?? Current.ReadAsync(CancellationToken.None);
            _pending = next;
            var isLate = !next.IsCompleted;
            if (await _wait.ForAsync(next).ConfigureAwait(false))
            {
                // The backend sends 8 KiB at a time. If we are faster than it, each of these costs a wake-up, so some
                // are left to gather in the socket. Not on Windows, where a timer takes 15 ms.
                if (isLate && _plan.Fetches > 1 && !OperatingSystem.IsWindows())
                    await Task.Delay(GatherTime, _scope.Time, _scope.Cancellation).ConfigureAwait(false);
                _pending = null;
                _rowsInFetch++;
                return true;
            }

            _pending = null;
            if (!await NextFetchAsync().ConfigureAwait(false))
                return false;
        }
    }

    /// <summary>
    /// Gives the connection back. Answers that have arrived are skipped; if others are missing, the connection is
    /// severed. Neither the backend nor this process goes through the rest of the result.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _session.DisposeAsync().ConfigureAwait(false);
        if (!_session.IsSevered)
            return;

        // The server may count the connection until its backend has ended.
        if (_unawareBackend is { } process)
            await _scope.Database.TerminateAsync(process).ConfigureAwait(false);
        else
            await Task.Delay(SessionSettings.NoticeTime, _scope.Time, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Goes on to the next FETCH; false after the last one.</summary>
    private async Task<bool> NextFetchAsync()
    {
        var latest = new Fetched(
            _rowsInFetch, Rows.ValueBytes - _bytesBeforeFetch, _wait.Waited - _waitedBeforeFetch);
        var isLast = latest.Rows < _plan.RowsPerFetch;
        _fetchedInRound += latest;
        BeginFetch();
        if (!isLast && await _wait.ForAsync(Current.NextResultAsync(CancellationToken.None)).ConfigureAwait(false))
            return true;

        // After the last rows, the FETCHes that were sent ahead are empty. This skips them.
        await _wait.ForAsync(EndRoundAsync()).ConfigureAwait(false);
        if (isLast)
            return false;

        _plan.Next(_fetchedInRound, latest);
        NpgsqlBatchCommand[] before = _wait.TakeOverTimeout() ? [new(SessionSettings.NoStatementTimeout)] : [];
        await SendRoundAsync(before, span: null).ConfigureAwait(false);
        return true;
    }

    private void BeginFetch()
        => (_rowsInFetch, _bytesBeforeFetch, _waitedBeforeFetch) = (0, Rows.ValueBytes, _wait.Waited);

    private async Task SendRoundAsync(IEnumerable<NpgsqlBatchCommand> before, string? span)
    {
        _fetchedInRound = default;
        BeginFetch();
        var fetch = string.Create(CultureInfo.InvariantCulture, $"FETCH FORWARD {_plan.RowsPerFetch} FROM {_name}");
        var batch = new QueryBatch(_session.Connection, span);
        foreach (var command in before)
            batch.BatchCommands.Add(command);
        _round = await FetchRound.SendAsync(_session, batch, fetch, _plan, _wait).ConfigureAwait(false);
    }

    private Task<bool> EndRoundAsync()
    {
        var round = _round!;
        _round = null;
        return round.EndAsync();
    }

    private async Task StopAsync()
    {
        if (_wait.Overdue is { } overdue)
        {
            _session.Sever();
            await overdue.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_round is null)
            return;

        // The answers to FETCHes that were sent ahead have mostly arrived by now, and are skipped in a few
        // milliseconds. Nobody waits for those that have not.
        var ending = DrainAsync(_round.HasBarriers);
        if (!await ending.CompletesWithinAsync(DrainLimit, _scope.Time, CancellationToken.None).ConfigureAwait(false))
            _session.Sever();

        // A failure does not matter any more: the pool notices by itself if the connection is broken.
        await ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task DrainAsync(bool hasBarriers)
    {
        if (_pending is not null)
            await ((Task)_pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Npgsql 10.0.3 takes a failure amid rows for the end of the whole round, even if other FETCHes have answers of
        // their own.
        if (_pending is { IsCompletedSuccessfully: false } && hasBarriers)
            _session.Sever();
        await EndRoundAsync().ConfigureAwait(false);
    }

    // The row of SessionSettings.Limits.
    private void ReadLimits()
    {
        _wait.Timeout = Current.GetInt64(0) is > 0 and var milliseconds
            ? TimeSpan.FromMilliseconds(milliseconds)
            : null;
        _plan.KeepTo(_wait.Timeout);
        if (Current.IsDBNull(2))
            _unawareBackend = int.Parse(Current.GetString(3), CultureInfo.InvariantCulture);
    }

    private async Task ReadEstimateAsync()
    {
        await _wait.ForAsync(Current.ReadAsync(CancellationToken.None)).ConfigureAwait(false);
        using (var plan = JsonDocument.Parse(Current.GetString(0)))
            EstimatedRows = (long)plan.RootElement[0].GetProperty("Plan").GetProperty("Plan Rows").GetDouble();
        await _wait.ForAsync(Current.NextResultAsync(CancellationToken.None)).ConfigureAwait(false);
    }
}
