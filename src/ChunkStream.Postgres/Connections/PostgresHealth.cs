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

    // What the server leaves to ordinary roles. Some settings came with PostgreSQL 16.
    private const string Question = """
        SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0)
        """;

    private readonly Lock _lock = new();
    private Task<PostgresState> _asking = Task.FromResult(new PostgresState(null, null));

    /// <summary>How Postgres is: asked now, or by another caller a moment ago.</summary>
    /// <exception cref="OperationCanceledException">
    /// The token was cancelled: nobody waits for the answer any more.
    /// </exception>
    public Task<PostgresState> StateAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            if (_asking.IsCompleted)
                _asking = Task.Run(AskAsync, CancellationToken.None);
            return _asking.WaitAsync(cancellation);
        }
    }

    private async Task<PostgresState> AskAsync()
    {
        using var limit = new CancellationTokenSource(Limit, time);
        try
        {
            await using var session = await database.OpenAsync(limit.Token).ConfigureAwait(false);
            await using var command = new NpgsqlCommand(Question, session.Connection);
            var connections = (int)(await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false))!;
            return OldestVersion.Objection(session.Connection) is { } objection
                ? new PostgresState(new ProblemException(Problem.Unavailable(objection)), connections)
                : new PostgresState(null, connections);
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            return new PostgresState(
                new NpgsqlException("Postgres did not answer in time.", new TimeoutException()), null);
        }
        catch (Exception failure)
        {
            return new PostgresState(failure, null);
        }
    }
}

/// <summary>How Postgres is.</summary>
/// <param name="Failure">Null if it answers a query in time and is no older than it may be, else why not.</param>
/// <param name="Connections">How many connections ordinary roles have altogether; null if unknown.</param>
internal sealed record PostgresState(Exception? Failure, int? Connections);
