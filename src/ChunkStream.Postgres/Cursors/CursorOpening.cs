using System.Data;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>Opens a cursor.</summary>
/// <param name="Query">The query.</param>
/// <param name="From">The position to begin at, with the row that is there; or null.</param>
/// <param name="AtMost">How many rows to give, or null for all.</param>
/// <param name="IsEstimated">Whether to ask how many rows there will be.</param>
/// <param name="Rows">Makes the writer of its rows.</param>
internal sealed record CursorOpening(
    PostgresQuery Query, KeysetPosition? From, long? AtMost, bool IsEstimated, Func<RowLayout, RowWriter> Rows)
{
    /// <summary>Takes a connection, describes the query, and opens the cursor; the first FETCH is under way then.</summary>
    /// <param name="database">Where.</param>
    /// <param name="time">Measures how fast rows come.</param>
    /// <param name="cancellation">Reaches the backend.</param>
    /// <exception cref="NpgsqlException">The query is wrong, or the server can't be reached.</exception>
    public async Task<Cursor> OpenAsync(PostgresDatabase database, TimeProvider time, CancellationToken cancellation)
    {
        for (var first = true; ; first = false)
        {
            var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
            try
            {
                return await OpenAsync(session, database, time, cancellation).ConfigureAwait(false);
            }
            catch (NpgsqlException) when (first && !session.IsSevered && session.Connection.FullState.HasFlag(ConnectionState.Broken))
            {
                // It lay in the pool while the server was restarted, or a firewall forgot it. Nothing has been read yet,
                // and a new one tells whether the server is there.
                await session.DisposeAsync().ConfigureAwait(false);
                database.ForgetIdleConnections();
            }
            catch
            {
                await session.DisposeAsync().ConfigureAwait(false);
                cancellation.ThrowIfCancellationRequested();
                throw;
            }
        }
    }

    private async Task<Cursor> OpenAsync(PostgresSession session, PostgresDatabase database, TimeProvider time, CancellationToken cancellation)
    {
        // BEGIN travels with the first command; what ends the transaction is the end of the session. A cursor reads one snapshot
        // anyhow; in this isolation so do the volatile functions that it calls, which else have a newer one at each call.
        var options = database.Options;
        await session.Connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, CancellationToken.None).ConfigureAwait(false);
        var layout = await RowLayout.DescribeAsync(session.Connection, Query).ConfigureAwait(false);
        var select = SelectStatement.Of(Query, layout, From, AtMost);
        var commands = SessionSettings.For(Query, options).Select(setting => new NpgsqlBatchCommand(setting)).ToList();
        commands.Add(new NpgsqlBatchCommand(SessionSettings.LimitStatements(Query)));
        commands.Add(new NpgsqlBatchCommand(SessionSettings.EndWithClient));
        if (IsEstimated)
            commands.Add(select.Command("EXPLAIN (FORMAT JSON)\n"));
        commands.Add(select.Command($"DECLARE {Query.CursorName} NO SCROLL CURSOR FOR\n"));

        var plan = new FetchPlan(options.FetchBytes, options.FetchesAhead, Query.Timeout, isAtPosition: From is not null);
        var cursor = new Cursor(session, Query, Rows(layout), plan, database, time, cancellation);
        await cursor.StartAsync(commands, IsEstimated).ConfigureAwait(false);
        return cursor;
    }
}
