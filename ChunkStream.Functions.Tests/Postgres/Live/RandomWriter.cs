using ChunkStream.Functions.Tests.Postgres.Live.Changes;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>Writes transactions of several changes each, with savepoints, pauses and rollbacks.</summary>
/// <param name="random">The chance.</param>
/// <param name="change">Makes a statement that changes something.</param>
internal sealed class RandomWriter(Random random, Func<Random, string> change)
{
    /// <summary>Writes so many transactions.</summary>
    public async Task WriteAsync(NpgsqlConnection connection, int transactions)
    {
        for (; transactions > 0; transactions--)
        {
            try
            {
                await TransactAsync(connection);
            }
            catch (PostgresException) when (connection.State is System.Data.ConnectionState.Open)
            {
                // A deadlock, or a key that another writer has taken.
                await connection.SqlAsync("rollback");
            }
        }
    }

    private async Task TransactAsync(NpgsqlConnection connection)
    {
        await connection.SqlAsync("begin");
        for (var step = random.Next(1, 5); step > 0; step--)
        {
            var isUndone = random.Next(4) == 0;
            if (isUndone)
                await connection.SqlAsync("savepoint s");
            await connection.SqlAsync(change(random));
            if (isUndone)
                await connection.SqlAsync("rollback to s");
            if (random.Next(3) == 0)
                await Task.Delay(random.Next(5));
        }

        await connection.SqlAsync(random.Next(6) == 0 ? "rollback" : "commit");
    }
}
