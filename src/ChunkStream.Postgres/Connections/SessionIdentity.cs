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
    // The schemas in which Postgres looks up a name without a schema. "$user" and rights make them depend on the role.
    private const string Schemas = "current_schemas(true)::text";

    /// <summary>Makes an open transaction the caller's. Does nothing without an identity.</summary>
    /// <param name="connection">A connection with an open transaction.</param>
    /// <param name="identity">As whom the transaction goes on; null for the connection's own user.</param>
    /// <exception cref="RoleRefusedException">The role is not there, or may not be taken.</exception>
    public static async Task EnterAsync(NpgsqlConnection connection, SessionIdentity? identity)
    {
        if (identity is null)
            return;

        var command = new NpgsqlBatchCommand();
        command.CommandText = "SELECT " + string.Join(", ", identity.Columns(command.Parameters));
        var batch = new NpgsqlBatch(connection) { BatchCommands = { command } };
        await using var _ = batch.ConfigureAwait(false);
        try
        {
            await batch.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (PostgresException refusal) when (identity.IsRefusedBy(refusal))
        {
            throw new RoleRefusedException(identity.Role!, refusal);
        }
    }

    /// <summary>
    /// What a SELECT has to give to make its transaction the caller's. They must be the last of its columns, because
    /// Postgres evaluates them in their order.
    /// </summary>
    /// <param name="parameters">The SELECT's parameters, of which there are none yet. The values are added.</param>
    public IEnumerable<string> Columns(NpgsqlParameterCollection parameters)
    {
        // The names that PostgREST gives them, and that policies written for it or for Supabase read. The role comes
        // last: what comes before it needs no right of that role.
        string[] claims =
        [
            "set_config('request.jwt.claims', $1, true)", "set_config('request.jwt.claim.sub', $2, true)",
        ];
        parameters.Add(new() { Value = Caller?.Claims.GetRawText() ?? "{}" });
        parameters.Add(new() { Value = Caller?.Subject ?? "" });
        if (Role is null)
            return claims;
        parameters.Add(new() { Value = Role });
        return [.. claims, Schemas, "set_config('role', $3, true)", Schemas];
    }

    /// <summary>
    /// Whether a name without a schema may mean something else to the role than to the connection's user.
    /// </summary>
    /// <param name="row">A reader on a row whose last columns are <see cref="Columns"/>.</param>
    public bool ChangesNames(NpgsqlDataReader row)
        => Role is not null && row.GetString(row.FieldCount - 1) != row.GetString(row.FieldCount - 3);

    /// <summary>Whether a statement with these <see cref="Columns"/> failed because the role can't be taken.</summary>
    /// <param name="refusal">The failure of that statement, and not of another one in its batch.</param>
    public bool IsRefusedBy(PostgresException refusal) => Role is not null && refusal.IsAboutRole();
}
