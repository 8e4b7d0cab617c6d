using Npgsql;

namespace ChunkStream.DatabaseRole;

/// <summary>
/// The role that an identity of Entra has in the database: it may connect, read what is in the schema <c>public</c>,
/// and make the schema of the durable streams. It owns nothing else, and administers nothing.
/// </summary>
/// <param name="name">The name of the identity, and of the role.</param>
/// <param name="principalId">The identity's object id in Entra: its name alone need not be unique.</param>
/// <param name="database">The database of the app.</param>
internal sealed class AppRole(string name, string principalId, string database)
{
    // Azure's functions for roles are in this database alone. Roles belong to all databases of a server.
    private const string Maintenance = "postgres";

    private const string Create =
        "select pgaadauth_create_principal_with_oid(@name, @principal, 'service', false, false)";

    /// <summary>All of it, for psql.</summary>
    public string Script => $"""
        \connect {Maintenance}
        {Create.Replace("@name", Literal(name), StringComparison.Ordinal)
            .Replace("@principal", Literal(principalId), StringComparison.Ordinal)};
        \connect {database}
        {Grants}
        """;

    private string Grants => $"""
        grant connect, create on database {Quoted(database)} to {Quoted(name)};
        grant usage on schema public to {Quoted(name)};
        grant select on all tables in schema public to {Quoted(name)};
        alter default privileges in schema public grant select on tables to {Quoted(name)};
        """;

    /// <summary>
    /// Makes the role where it is missing, and grants its rights. Returns a sentence that says what was done.
    /// </summary>
    /// <param name="server">The server, with the login of an administrator of Entra.</param>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    /// <exception cref="RoleException">The role is that of another identity.</exception>
    public async Task<string> EnsureAsync(NpgsqlConnectionStringBuilder server)
    {
        var isNew = await CreateAsync(await OpenAsync(Maintenance)).ConfigureAwait(false);

        var connection = await OpenAsync(database).ConfigureAwait(false);
        await using var _ = connection.ConfigureAwait(false);
        using var grants = new NpgsqlCommand(Grants, connection);
        await grants.ExecuteNonQueryAsync().ConfigureAwait(false);
        return $"{name} {(isNew ? "is a role of the server now" : "was a role of the server already")}, "
            + $"and may use the database {database}.";

        async Task<NpgsqlConnection> OpenAsync(string database)
        {
            var connection = new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = database }.ConnectionString);
            await connection.OpenAsync().ConfigureAwait(false);
            return connection;
        }
    }

    private async Task<bool> CreateAsync(NpgsqlConnection connection)
    {
        await using var _ = connection.ConfigureAwait(false);
        using var find = new NpgsqlCommand(
            "select coalesce((select label from pg_shseclabel l "
            + "where l.objoid = r.oid and provider = 'pgaadauth'), '') from pg_roles r where rolname = @name",
            connection);
        find.Parameters.AddWithValue("name", name);
        if (await find.ExecuteScalarAsync().ConfigureAwait(false) is string label)
        {
            return label.Length == 0 || label.Contains(principalId, StringComparison.OrdinalIgnoreCase)
                ? false
                : throw new RoleException(
                    $"the role {name} belongs to another identity, of the same name. Drop it, with what it owns.");
        }

        using var create = new NpgsqlCommand(Create, connection)
        {
            Parameters = { new("name", name), new("principal", principalId) },
        };
        await create.ExecuteNonQueryAsync().ConfigureAwait(false);
        return true;
    }

    private static string Quoted(string identifier)
        => $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}

/// <summary>The role can't be made. The message says why.</summary>
internal sealed class RoleException(string message) : Exception(message);
