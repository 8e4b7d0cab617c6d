using System.Globalization;
using System.Runtime.ExceptionServices;
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
/// <remarks>
/// A round of FETCHes ends with a Sync message, at which the backend sends out the last of what it has; before, it does
/// so whenever 8 KiB are full. Where the rows of a FETCH are too narrow for that, each FETCH has a Sync of its own
/// (what Npgsql calls an error barrier). That is not done everywhere: when one FETCH of such a round fails, so does
/// each after it, and each writes a line into the server's log.
/// </remarks>
internal sealed class Cursor : IAsyncDisposable
{
    // At most one round of FETCHes, a few megabytes, is on its way: this is long enough to skip it, and nobody notices.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromMilliseconds(100);

    // Long enough for a few hundred kilobytes to arrive, and too short for anyone to notice.
    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(3);

    // The server measures its timeout by a clock of its own, which may differ by this much.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMilliseconds(20);

    private readonly PostgresSession _session;
    private readonly string _name;
    private readonly FetchPlan _plan;
    private readonly string _span;
    private readonly PostgresDatabase _database;
    private readonly TimeProvider _time;
    private readonly CancellationToken _cancellation;
    private NpgsqlBatch? _batch;
    private NpgsqlDataReader? _reader;
    private Task<bool>? _pending;
    private Task? _overdue;
    private TimeSpan? _timeout;
    private int? _unaware;
    private TimeSpan? _limit;
    private Fetched _round;
    private long _sent;
    private long _rowsInFetch;
    private long _bytesBeforeFetch;
    private TimeSpan _waitedInFetch;

    /// <param name="session">The connection, inside a transaction. The cursor owns it from now on.</param>
    /// <param name="name">The cursor's name in SQL.</param>
    /// <param name="rows">Writes the rows.</param>
    /// <param name="plan">How many rows to ask for at a time.</param>
    /// <param name="scope">Where the cursor is, and for how long it is wanted.</param>
    /// <param name="span">What the span of its opening is called.</param>
    public Cursor(
        PostgresSession session, string name, RowWriter rows, FetchPlan plan, CursorScope scope, string span)
    {
        (_session, _name, Rows, _plan, _span) = (session, name, rows, plan, span);
        (_database, _time, _cancellation) = (scope.Database, scope.Time, scope.Cancellation);
    }

    /// <summary>About how many rows there will be, as the planner thinks; null where it was not asked.</summary>
    public long? EstimatedRows { get; private set; }

    /// <summary>Writes the current row.</summary>
    public RowWriter Rows { get; }

    /// <summary>Whether Postgres is asked for more than one row at a time now.</summary>
    public bool FetchesSeveral => _plan.RowsPerFetch > 1;

    /// <summary>The reader that stands on the current row.</summary>
    public NpgsqlDataReader Current => _reader!;

    /// <summary>Sends what opens the cursor, and its first FETCH.</summary>
    /// <param name="commands">
    /// The settings, then what limits statements and ends with the client, then the DECLARE.
    /// </param>
    /// <param name="isEstimated">Whether an EXPLAIN is among them.</param>
    public async Task StartAsync(IEnumerable<NpgsqlBatchCommand> commands, bool isEstimated)
    {
        await SendRoundAsync(commands, _span).ConfigureAwait(false);
        await ReadTimeoutAsync().ConfigureAwait(false);
        await WaitedFor(_reader!.ReadAsync(CancellationToken.None)).ConfigureAwait(false);
        if (_reader.IsDBNull(0))
            _unaware = int.Parse(_reader.GetString(1), CultureInfo.InvariantCulture);
        await WaitedFor(_reader.NextResultAsync(CancellationToken.None)).ConfigureAwait(false);
        if (isEstimated)
            await ReadEstimateAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Steps to the next row if it has arrived already. False does not mean that the result has ended.
    /// </summary>
    public bool TryRead()
    {
        if (_pending is not null)
            return false;

        var next = _reader!.ReadAsync(CancellationToken.None);
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
            var next = _pending ?? _reader!.ReadAsync(CancellationToken.None);
            _pending = next;
            var isLate = !next.IsCompleted;
            if (await WaitedFor(next).ConfigureAwait(false))
            {
                // The backend sends 8 KiB at a time. If we are faster than it, each of these costs a wake-up, so some
                // are left to gather in the socket. Not on Windows, where a timer takes 15 ms.
                if (isLate && _plan.Fetches > 1 && !OperatingSystem.IsWindows())
                    await Task.Delay(GatherTime, _time, _cancellation).ConfigureAwait(false);
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
        if (_unaware is { } process)
            await _database.TerminateAsync(process).ConfigureAwait(false);
        else
            await Task.Delay(SessionSettings.NoticeTime, _time, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Goes on to the next FETCH; false after the last one.</summary>
    private async Task<bool> NextFetchAsync()
    {
        var latest = new Fetched(_rowsInFetch, Rows.ValueBytes - _bytesBeforeFetch, _waitedInFetch);
        var isLast = latest.Rows < _plan.RowsPerFetch;
        _round += latest;
        BeginFetch();
        if (!isLast && await WaitedFor(_reader!.NextResultAsync(CancellationToken.None)).ConfigureAwait(false))
            return true;

        // After the last rows, the FETCHes that were sent ahead are empty. This skips them.
        await WaitedFor(EndRoundAsync()).ConfigureAwait(false);
        if (isLast)
            return false;

        _plan.Next(_round, latest);
        _limit = _timeout;
        NpgsqlBatchCommand[] before = _limit is null ? [] : [new(SessionSettings.NoStatementTimeout)];
        await SendRoundAsync(before, span: null).ConfigureAwait(false);
        return true;
    }

    private void BeginFetch()
        => (_rowsInFetch, _bytesBeforeFetch, _waitedInFetch) = (0, Rows.ValueBytes, TimeSpan.Zero);

    private async Task SendRoundAsync(IEnumerable<NpgsqlBatchCommand> before, string? span)
    {
        _round = default;
        _sent = _time.GetTimestamp();
        BeginFetch();
        var fetch = string.Create(CultureInfo.InvariantCulture, $"FETCH FORWARD {_plan.RowsPerFetch} FROM {_name}");
        _batch = new QueryBatch(_session.Connection, span);
        foreach (var command in before)
            _batch.BatchCommands.Add(command);
        for (var number = 0; number < _plan.Fetches; number++)
            _batch.BatchCommands.Add(new NpgsqlBatchCommand(fetch) { AppendErrorBarrier = _plan.IsSentAfterEachFetch });
        _reader = await WaitedFor(_batch.ExecuteReaderAsync(CancellationToken.None)).ConfigureAwait(false);
    }

    private async Task<bool> EndRoundAsync()
    {
        var (reader, batch) = (_reader!, _batch!);
        (_reader, _batch) = (null, null);
        try
        {
            // Npgsql 10.0.3 recovers from a failure among error barriers only if it meets the failure between two
            // results, not amid rows that it skips and not while the reader is disposed. So each FETCH is read to its
            // end, and the round, too.
            do
            {
                while (_plan.IsSentAfterEachFetch
                    && await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                }
            }
            while (await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false));
            return true;
        }
        catch when (_plan.IsSentAfterEachFetch)
        {
            // The answers to the other FETCHes would be left for the next user of the connection.
            _session.Sever();
            throw;
        }
        finally
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            await batch.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task StopAsync()
    {
        if (_overdue is not null)
        {
            _session.Sever();
            await _overdue.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_reader is null || _batch is null)
            return;

        // The answers to FETCHes that were sent ahead have mostly arrived by now, and are skipped in a few
        // milliseconds. Nobody waits for those that have not.
        var ending = DrainAsync();
        if (!await ending.CompletesWithinAsync(DrainLimit, _time, CancellationToken.None).ConfigureAwait(false))
            _session.Sever();

        // A failure does not matter any more: the pool notices by itself if the connection is broken.
        await ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task DrainAsync()
    {
        if (_pending is not null)
            await ((Task)_pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Npgsql 10.0.3 takes a failure amid rows for the end of the whole round, even if other FETCHes have answers of
        // their own.
        if (_pending is { IsCompletedSuccessfully: false } && _plan.IsSentAfterEachFetch)
            _session.Sever();
        await EndRoundAsync().ConfigureAwait(false);
    }

    private async Task ReadTimeoutAsync()
    {
        await WaitedFor(_reader!.ReadAsync(CancellationToken.None)).ConfigureAwait(false);
        _timeout = _reader!.GetInt64(0) is > 0 and var milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : null;
        _plan.KeepTo(_timeout);
        await WaitedFor(_reader.NextResultAsync(CancellationToken.None)).ConfigureAwait(false);
    }

    private async Task ReadEstimateAsync()
    {
        await WaitedFor(_reader!.ReadAsync(CancellationToken.None)).ConfigureAwait(false);
        using (var plan = JsonDocument.Parse(_reader!.GetString(0)))
            EstimatedRows = (long)plan.RootElement[0].GetProperty("Plan").GetProperty("Plan Rows").GetDouble();
        await WaitedFor(_reader.NextResultAsync(CancellationToken.None)).ConfigureAwait(false);
    }

    /// <summary>Waits for Postgres, and measures how long.</summary>
    private async Task<T> WaitedFor<T>(Task<T> task)
    {
        if (task.IsCompletedSuccessfully)
            return task.Result;

        var start = _time.GetTimestamp();
        try
        {
            return await (_limit is { } limit ? WithinAsync(task, limit) : task).ConfigureAwait(false);
        }
        catch (Exception) when (_session.IsSevered)
        {
            _cancellation.ThrowIfCancellationRequested();
            throw;
        }
        catch (NpgsqlException failure)
            when (failure.InnerException is MessageTooLargeException { Column: { } column } row)
        {
            // The backend still has that row, and maybe more, to send.
            _session.Sever();
            throw new RowTooLargeException(Rows.NameOf(column), row.Most);
        }
        catch (NpgsqlException failure)
        {
            // The FETCHes after the one that failed have failed with it.
            var first = failure.InnerException is AggregateException several ? several.InnerExceptions[0] : failure;
            if (first is PostgresException cancelled && cancelled.IsCancelled() && !IsStatementOutOfTime())
                throw new QueryCancelledException(first);
            ExceptionDispatchInfo.Throw(first);
            throw;
        }
        finally
        {
            _waitedInFetch += _time.GetElapsedTime(start);
        }
    }

    // Postgres has one code for a statement_timeout and for a person who cancels. Only the message tells them apart,
    // and it is in the server's language. So the time decides here: Postgres's own limit applies in the first round
    // only.
    private bool IsStatementOutOfTime()
        => _limit is null && _timeout is { } timeout && _time.GetElapsedTime(_sent) + ClockDifference >= timeout;

    // Up to the first row, Postgres's own statement_timeout is the limit. Later it would also count the time for which
    // a reader that takes nothing holds a FETCH back.
    private async Task<T> WithinAsync<T>(Task<T> task, TimeSpan limit)
    {
        if (await task.CompletesWithinAsync(limit, _time, CancellationToken.None).ConfigureAwait(false))
            return await task.ConfigureAwait(false);
        _overdue = task;
        throw new QueryTimeoutException();
    }
}
