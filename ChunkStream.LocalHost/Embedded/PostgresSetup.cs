using ChunkStream.Postgres.Failures;
using Npgsql;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>Gives a server that has just started its own password and the database.</summary>
internal sealed class PostgresSetup(PostgresLogin login, int port, string folder)
{
    /// <summary>Does what is missing.</summary>
    /// <exception cref="StartupFailure">The password in the state folder is not this cluster's.</exception>
    public async Task RunAsync(IProgress<string>? progress, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(progress, cancellation);
        await using var exists = new NpgsqlCommand("select 1 from pg_database where datname = $1", connection)
        {
            Parameters = { new() { Value = PostgresLogin.Database } },
        };
        if (await exists.ExecuteScalarAsync(cancellation) is null)
            await ExecuteAsync(connection, $"create database {PostgresLogin.Database}", cancellation);
    }

    private async Task<NpgsqlConnection> ConnectAsync(IProgress<string>? progress, CancellationToken cancellation)
    {
        if (await TryOpenAsync(login, cancellation) is { } connection)
            return connection;
        if (await TryOpenAsync(login.Former, cancellation) is not { } former)
        {
            throw new StartupFailure(
                $"The password in postgres.pgpass is not that of the cluster in {folder}. Put the file back as it was, "
                + "or delete that folder: then a new cluster is made.");
        }

        // Clusters of earlier versions have a password that everybody knows, so the sessions that used it are ended.
        await using (former)
        {
            await ExecuteAsync(former, $"alter role {PostgresLogin.User} password '{login.Password}'", cancellation);
            await ExecuteAsync(
                former,
                "select pg_terminate_backend(pid) from pg_stat_activity "
                    + "where backend_type = 'client backend' and pid <> pg_backend_pid()",
                cancellation);
        }

        progress?.Report(
            "The embedded Postgres has a random password now, in place of the one that was the same everywhere.");
        return await TryOpenAsync(login, cancellation)
            ?? throw new StartupFailure($"Postgres does not take the password that it was given ({folder}).");
    }

    private async Task<NpgsqlConnection?> TryOpenAsync(PostgresLogin user, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(user.ConnectionString(port, "postgres") + ";Pooling=false");
        try
        {
            await connection.OpenAsync(cancellation);
            return connection;
        }
        catch (PostgresException e) when (e.IsWrongPassword())
        {
            await connection.DisposeAsync();
            return null;
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
