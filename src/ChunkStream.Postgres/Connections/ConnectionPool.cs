using Microsoft.Extensions.Logging;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>Builds the pools.</summary>
internal static class ConnectionPool
{
    private static readonly string[] Writable = ["read-write", "primary", "prefer-primary"];

    /// <summary>A pool, for one host or several.</summary>
    /// <param name="settings">Its settings, from <see cref="ConnectionString"/>.</param>
    /// <param name="password">Gives the password that there is now, for each new connection; null for that of the settings.</param>
    /// <param name="loggers">Where Npgsql logs.</param>
    /// <param name="isWriting">Whether it has to be the primary, where there are several hosts.</param>
    /// <param name="configure">What else to do.</param>
    public static NpgsqlDataSource Build(
        NpgsqlConnectionStringBuilder settings, Func<string?>? password, ILoggerFactory loggers, bool isWriting = false, Action<NpgsqlDataSourceBuilder>? configure = null)
    {
        // Npgsql wants to be told whom to look for when the pool is built, not in the string.
        var wanted = settings.TargetSessionAttributes;
        settings = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { TargetSessionAttributes = null };
        if (settings.Password is null)
            password = null; // Npgsql looks into the pass file then, for each new connection.
        else if (password is not null)
            settings.Password = null;

        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UseLoggerFactory(loggers);
        if (password is not null)
            builder.UsePasswordProvider(_ => password()!, (_, _) => ValueTask.FromResult(password()!));
        configure?.Invoke(builder);

        var isOne = !settings.Host!.Contains(',', StringComparison.Ordinal);
        if (isOne && wanted is null)
            return builder.Build();
        if (isWriting && !Writable.Contains(wanted))
            wanted = "primary";
        return builder.BuildMultiHost().WithTargetSession(wanted switch
        {
            "read-write" => TargetSessionAttributes.ReadWrite,
            "read-only" => TargetSessionAttributes.ReadOnly,
            "primary" => TargetSessionAttributes.Primary,
            "standby" => TargetSessionAttributes.Standby,
            "prefer-primary" => TargetSessionAttributes.PreferPrimary,
            "prefer-standby" => TargetSessionAttributes.PreferStandby,
            _ => TargetSessionAttributes.Any,
        });
    }
}
