using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// Runs a statement that may call a user's own code, and so take long, outside of a cursor: the check of a type or of a
/// value. The server stops it when its connection is closed.
/// </summary>
internal static class WatchedCommand
{
    /// <summary>Runs the statement to its end. Its rows are not read.</summary>
    /// <param name="connection">
    /// A connection without a transaction: the batch is one by itself, so its setting ends with it.
    /// </param>
    /// <param name="command">The statement.</param>
    /// <param name="identity">As whom it runs; null for the connection's own user.</param>
    /// <exception cref="PostgresException">Postgres refuses the statement, or a value in it.</exception>
    /// <exception cref="RoleRefusedException">The connection's user may not run as that role.</exception>
    public static async Task RunAsync(
        NpgsqlConnection connection, NpgsqlBatchCommand command, SessionIdentity? identity)
    {
        // The role and the claims end with the transaction, which is never committed.
        var transaction = identity is null
            ? null
            : await connection.BeginTransactionAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            await SessionIdentity.EnterAsync(connection, identity).ConfigureAwait(false);
            var batch = new NpgsqlBatch(connection)
            {
                BatchCommands = { new NpgsqlBatchCommand(SessionSettings.EndWithClient), command },
            };
            await using var _ = batch.ConfigureAwait(false);
            await batch.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            if (transaction is not null)
                await transaction.DisposeAsync().ConfigureAwait(false);
        }
    }
}
