using Npgsql;

namespace ChunkStream.Postgres;

/// <summary>Asks Postgres for a sign of life.</summary>
internal sealed class PostgresHealth(PostgresDatabase database, TimeProvider time)
{
    // Shorter than the probes of load balancers wait, so that they hear what is down instead of a time-out.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    /// <summary>Null if Postgres answers a query in time, else the failure.</summary>
    public async Task<Exception?> FailureAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            var connection = await database.OpenAsync(either.Token).ConfigureAwait(false);
            await using var _ = connection.ConfigureAwait(false);
            var command = new NpgsqlCommand("SELECT 1", connection);
            await using var __ = command.ConfigureAwait(false);
            await command.ExecuteScalarAsync(either.Token).ConfigureAwait(false);
            return null;
        }
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            return failure;
        }
    }
}
