using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;
using ChunkStream.Problems;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>Checks whether the values of a position are values of the key's types.</summary>
internal static class PositionCheck
{
    /// <summary>
    /// The problem with a position that a token holds, or null if there is none. A token that is signed with our secret
    /// may still come from another app, or from before an enum lost a value.
    /// </summary>
    public static async Task<Problem?> ProblemAsync(
        PostgresDatabase database,
        IReadOnlyList<KeyColumnLayout> key,
        SessionIdentity? identity,
        KeysetPosition position,
        CancellationToken cancellation)
    {
        var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        var connection = session.Connection;
        var casts = key.Select((column, index) => column.Parameter(index + 1) + " IS NULL");
        var command = new NpgsqlBatchCommand("SELECT " + string.Join(", ", casts));
        foreach (var value in position.Values)
            command.Parameters.Add(SelectStatement.Parameter(value));
        try
        {
            await WatchedCommand.RunAsync(connection, command, identity).ConfigureAwait(false);
            return null;
        }
        catch (PostgresException refusal) when (refusal.IsAboutValues() || refusal.IsAboutText())
        {
            return Problem.InvalidResumeToken(
                "The token's position has a value that the query's key can't have: start anew, without a token.");
        }
    }
}
