using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// The databases that streams of this process read from: the configured one, and one for each data source that the app
/// itself streams from. Each admits its own streams.
/// </summary>
/// <param name="configured">That of <c>AddPostgres()</c>.</param>
/// <param name="options">The settings, the same for all databases.</param>
/// <param name="time">The clock that measures the limits.</param>
/// <param name="loggers">Make the loggers of the databases.</param>
internal sealed class PostgresDatabases(
    PostgresDatabase configured, IOptions<PostgresOptions> options, TimeProvider time, ILoggerFactory loggers)
{
    // An entry goes with its data source: an app may have one for each of its tenants, and close them.
    private readonly ConditionalWeakTable<NpgsqlDataSource, PostgresDatabase> _own = [];

    /// <summary>The database of a data source.</summary>
    /// <param name="dataSource">The app's own; null for the configured database.</param>
    /// <exception cref="InvalidOperationException">The data source was not prepared for streams.</exception>
    public PostgresDatabase Find(NpgsqlDataSource? dataSource)
        => dataSource is null ? configured : _own.GetValue(dataSource, Create);

    private PostgresDatabase Create(NpgsqlDataSource dataSource)
        => ConnectionSettings.AreForced(new NpgsqlConnectionStringBuilder(dataSource.ConnectionString))
            ? PostgresDatabase.Create(dataSource, options.Value, time, loggers)
            : throw new InvalidOperationException(
                "This data source lacks settings that streams need: "
                + "call UseChunkStream() on its NpgsqlDataSourceBuilder before Build().");
}
