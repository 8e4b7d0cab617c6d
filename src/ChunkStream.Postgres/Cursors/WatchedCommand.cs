using ChunkStream.Postgres.Connections;
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
    /// <exception cref="PostgresException">Postgres refuses the statement, or a value in it.</exception>
    public static async Task RunAsync(NpgsqlConnection connection, NpgsqlBatchCommand command)
    {
        var batch = new QueryBatch(connection, "check values")
        {
            BatchCommands = { new NpgsqlBatchCommand(SessionSettings.EndWithClient), command },
        };
        await using var _ = batch.ConfigureAwait(false);
        await batch.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
    }
}
