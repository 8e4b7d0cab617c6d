using ChunkStream.Identity;
using ChunkStream.Postgres.Failures;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// As whom a query runs. All of it is set for one transaction only, so that nothing is left behind on a connection that
/// others use, be it through a pool of ours or through PgBouncer's.
/// </summary>
/// <param name="Role">The role of Postgres; null for that of the connection.</param>
/// <param name="Caller">Whose claims policies can read; null for nobody's, as when a query file is checked.</param>
internal sealed record SessionIdentity(string? Role, Caller? Caller)
{
    // The names that PostgREST gives them, and that policies written for it or for Supabase read. The role comes last:
    // what comes before it needs no right of that role.
    private const string Claims =
        "SELECT set_config('request.jwt.claims', $1, true), set_config('request.jwt.claim.sub', $2, true)";

    private const string ClaimsAndRole = Claims + ", set_config('role', $3, true)";

    /// <summary>Makes an open transaction the caller's. Does nothing without an identity.</summary>
    /// <param name="connection">A connection with an open transaction.</param>
    /// <param name="identity">As whom the transaction goes on; null for the connection's own user.</param>
    /// <exception cref="RoleRefusedException">The role is not there, or may not be taken.</exception>
    public static async Task EnterAsync(NpgsqlConnection connection, SessionIdentity? identity)
    {
        if (identity is null)
            return;

        var batch = new NpgsqlBatch(connection) { BatchCommands = { identity.Command() } };
        await using var _ = batch.ConfigureAwait(false);
        try
        {
            await batch.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (PostgresException refusal) when (identity.Role is not null && refusal.IsAboutRole())
        {
            throw new RoleRefusedException(identity.Role, refusal);
        }
    }

    private NpgsqlBatchCommand Command()
    {
        var command = new NpgsqlBatchCommand(Role is null ? Claims : ClaimsAndRole);
        command.Parameters.Add(new() { Value = Caller?.Claims.GetRawText() ?? "{}" });
        command.Parameters.Add(new() { Value = Caller?.Subject ?? "" });
        if (Role is not null)
            command.Parameters.Add(new() { Value = Role });
        return command;
    }
}
