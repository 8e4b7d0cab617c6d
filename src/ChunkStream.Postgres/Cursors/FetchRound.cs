using ChunkStream.Postgres.Connections;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>A round of FETCHes that were sent together, and the reader of their answers.</summary>
/// <remarks>
/// A round ends with a Sync message, at which the backend sends out the last of what it has; before, it does so
/// whenever 8 KiB are full. Where the rows of a FETCH are too narrow for that, each FETCH has a Sync of its own (what
/// Npgsql calls an error barrier). That is not done everywhere: when one FETCH of such a round fails, so does each
/// after it, and each writes a line into the server's log.
/// </remarks>
internal sealed class FetchRound
{
    private readonly PostgresSession _session;
    private readonly NpgsqlBatch _batch;

    private FetchRound(PostgresSession session, NpgsqlBatch batch, NpgsqlDataReader reader, bool hasBarriers)
        => (_session, _batch, Reader, HasBarriers) = (session, batch, reader, hasBarriers);

    /// <summary>Reads the answers.</summary>
    public NpgsqlDataReader Reader { get; }

    /// <summary>Whether each FETCH has a Sync of its own.</summary>
    public bool HasBarriers { get; }

    /// <summary>Sends a round.</summary>
    /// <param name="session">The connection.</param>
    /// <param name="batch">What is sent before the FETCHes, which are added to it.</param>
    /// <param name="fetch">The FETCH.</param>
    /// <param name="plan">How many FETCHes there are, and whether each has a Sync of its own.</param>
    /// <param name="wait">Waits for the first answer.</param>
    public static async Task<FetchRound> SendAsync(
        PostgresSession session, NpgsqlBatch batch, string fetch, FetchPlan plan, ServerWait wait)
    {
        wait.RoundIsSent();
        for (var number = 0; number < plan.Fetches; number++)
            batch.BatchCommands.Add(new NpgsqlBatchCommand(fetch) { AppendErrorBarrier = plan.IsSentAfterEachFetch });
        var reader = await wait.ForAsync(batch.ExecuteReaderAsync(CancellationToken.None)).ConfigureAwait(false);
        return new FetchRound(session, batch, reader, plan.IsSentAfterEachFetch);
    }

    /// <summary>Skips the answers that are left.</summary>
    public async Task<bool> EndAsync()
    {
        try
        {
            // Npgsql 10.0.3 recovers from a failure among error barriers only if it meets the failure between two
            // results, not amid rows that it skips and not while the reader is disposed. So each FETCH is read to its
            // end, and the round, too.
            do
            {
                while (HasBarriers && await Reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                {
                }
            }
            while (await Reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false));
            return true;
        }
        catch when (HasBarriers)
        {
            // The answers to the other FETCHes would be left for the next user of the connection.
            _session.Sever();
            throw;
        }
        finally
        {
            await Reader.DisposeAsync().ConfigureAwait(false);
            await _batch.DisposeAsync().ConfigureAwait(false);
        }
    }
}
