using ChunkStream.Problems;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// Asks Postgres for a sign of life. Callers that ask while a query for it is under way share that query, and its one
/// connection.
/// </summary>
internal sealed class PostgresHealth(PostgresDatabase database, TimeProvider time)
{
    // Shorter than the probes of load balancers wait, so that they hear what is down instead of a time-out.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private Task<Exception?> _asking = Task.FromResult<Exception?>(null);

    /// <summary>Null if Postgres answers a query in time and its version is supported; otherwise the failure.</summary>
    /// <exception cref="OperationCanceledException">
    /// The token was cancelled: nobody waits for the answer any more.
    /// </exception>
    public Task<Exception?> FailureAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_asking.IsCompleted)
                _asking = Task.Run(AskAsync, CancellationToken.None);
            return _asking.WaitAsync(cancellation);
        }
    }

    private async Task<Exception?> AskAsync()
    {
        using var limit = new CancellationTokenSource(Limit, time);
        try
        {
            await using var session = await database.OpenAsync(limit.Token).ConfigureAwait(false);
            await using var command = new NpgsqlCommand("SELECT 1", session.Connection);
            await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false);
            return OldestVersion.Objection(session.Connection) is { } objection
                ? new ProblemException(Problem.Unavailable(objection))
                : null;
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            return new NpgsqlException("Postgres did not answer in time.", new TimeoutException());
        }
        catch (Exception failure)
        {
            return failure;
        }
    }
}
