using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>Builds pools of connections.</summary>
internal static class ConnectionPool
{
    private static readonly string[] Writable = ["read-write", "primary", "prefer-primary"];

    /// <summary>Builds a pool for one host or several.</summary>
    /// <param name="builder">A builder with the pool's settings. It can't be used again.</param>
    /// <param name="isWriting">Whether the pool needs the primary, where there are several hosts.</param>
    public static NpgsqlDataSource Build(NpgsqlDataSourceBuilder builder, bool isWriting = false)
    {
        // Npgsql takes this setting when the pool is built, not from the connection string.
        var settings = builder.ConnectionStringBuilder;
        var wanted = settings.TargetSessionAttributes;
        settings.TargetSessionAttributes = null;

        var isOne = settings.Host?.Contains(',', StringComparison.Ordinal) is not true;
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
