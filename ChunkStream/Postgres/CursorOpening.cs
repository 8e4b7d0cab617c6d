using System.Data;
using Npgsql;

namespace ChunkStream.Postgres;

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
            var connection = await database.OpenAsync(cancellation).ConfigureAwait(false);
            try
            {
                return await OpenAsync(connection, database.Options, time, cancellation).ConfigureAwait(false);
            }
            catch (NpgsqlException) when (first && connection.FullState.HasFlag(ConnectionState.Broken))
            {
                // It lay in the pool while the server was restarted, or a firewall forgot it. Nothing has been read yet,
                // and a new one tells whether the server is there.
                await connection.DisposeAsync().ConfigureAwait(false);
                database.ForgetIdleConnections();
            }
            catch
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    private async Task<Cursor> OpenAsync(
        NpgsqlConnection connection, PostgresOptions options, TimeProvider time, CancellationToken cancellation)
    {
        // BEGIN travels with the first command. A cursor reads one snapshot anyhow; in this isolation so do the volatile functions that
        // it calls, which else have a newer one at each call.
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation).ConfigureAwait(false);
        var layout = await RowLayout.DescribeAsync(connection, Query, cancellation).ConfigureAwait(false);
        var select = SelectStatement.Of(Query, layout, From, AtMost);
        var commands = SessionSettings.For(Query, options).Select(setting => new NpgsqlBatchCommand(setting)).ToList();
        commands.Add(new NpgsqlBatchCommand(SessionSettings.LimitStatements(Query)));
        commands.Add(new NpgsqlBatchCommand(SessionSettings.EndWithClient));
        if (IsEstimated)
            commands.Add(select.Command("EXPLAIN (FORMAT JSON)\n"));
        commands.Add(select.Command($"DECLARE {Query.CursorName} NO SCROLL CURSOR FOR\n"));

        var plan = new FetchPlan(options.FetchBytes, options.FetchesAhead, Query.Timeout, isAtPosition: From is not null);
        var cursor = new Cursor(connection, transaction, Query, Rows(layout), plan, time, cancellation);
        await cursor.StartAsync(commands, IsEstimated).ConfigureAwait(false);
        return cursor;
    }
}
