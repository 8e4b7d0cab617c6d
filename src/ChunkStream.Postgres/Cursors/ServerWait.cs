using System.Runtime.ExceptionServices;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Rows;
using ChunkStream.Streaming;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// Waits for what Postgres answers to a cursor. It measures how long that takes, keeps to the query's timeout, and
/// turns Npgsql's failures into those that the rest of the library knows.
/// </summary>
/// <param name="session">The connection of the cursor.</param>
/// <param name="rows">Knows the names of the columns.</param>
/// <param name="scope">Has the clock, and the token that severs the connection.</param>
internal sealed class ServerWait(PostgresSession session, RowWriter rows, CursorScope scope)
{
    // The server measures its timeout by a clock of its own, which may differ by this much.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMilliseconds(20);

    private TimeSpan? _limit;
    private long _sent;

    /// <summary>How long Postgres was waited for so far.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>The answer that did not come in time, and may still be under way; null if there is none.</summary>
    public Task? Overdue { get; private set; }

    /// <summary>How long Postgres may take for the first row, and from each to the next; null for no limit.</summary>
    public TimeSpan? Timeout { get; set; }

    /// <summary>A round of FETCHes is sent: from now on the server's own timeout counts.</summary>
    public void RoundIsSent() => _sent = scope.Time.GetTimestamp();

    /// <summary>
    /// Has this process keep to the timeout from now on, instead of the server. Up to the first row, Postgres's own
    /// statement_timeout is the limit. Later it would also count the time for which a reader that takes nothing holds a
    /// FETCH back.
    /// </summary>
    /// <returns>Whether there is a timeout, so that the server's must be lifted.</returns>
    public bool TakeOverTimeout()
    {
        _limit = Timeout;
        return _limit is not null;
    }

    /// <summary>Waits for an answer.</summary>
    /// <exception cref="OperationCanceledException">Nobody wants the rows any more.</exception>
    /// <exception cref="QueryTimeoutException">The answer did not come in time.</exception>
    /// <exception cref="QueryCancelledException">Somebody cancelled the query at the database.</exception>
    /// <exception cref="RowTooLargeException">A row is larger than the bound.</exception>
    /// <exception cref="NpgsqlException">Postgres refuses, or the connection was lost.</exception>
    public async Task<T> ForAsync<T>(Task<T> answer)
    {
        if (answer.IsCompletedSuccessfully)
            return answer.Result;

        var start = scope.Time.GetTimestamp();
        try
        {
            return await (_limit is { } limit ? WithinAsync(answer, limit) : answer).ConfigureAwait(false);
        }
        catch (Exception) when (session.IsSevered)
        {
            scope.Cancellation.ThrowIfCancellationRequested();
            throw;
        }
        catch (NpgsqlException failure)
            when (failure.InnerException is MessageTooLargeException { Column: { } column } row)
        {
            // The backend still has that row, and maybe more, to send.
            session.Sever();
            throw new RowTooLargeException(rows.NameOf(column), row.Most);
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
            Waited += scope.Time.GetElapsedTime(start);
        }
    }

    // Postgres has one code for a statement_timeout and for a person who cancels. Only the message tells them apart,
    // and it is in the server's language. So the time decides here: Postgres's own limit applies in the first round
    // only.
    private bool IsStatementOutOfTime()
        => _limit is null && Timeout is { } timeout && scope.Time.GetElapsedTime(_sent) + ClockDifference >= timeout;

    private async Task<T> WithinAsync<T>(Task<T> answer, TimeSpan limit)
    {
        if (await answer.CompletesWithinAsync(limit, scope.Time, CancellationToken.None).ConfigureAwait(false))
            return await answer.ConfigureAwait(false);
        Overdue = answer;
        throw new QueryTimeoutException();
    }
}
