using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// The databases that streams of this process read from: the configured one, and one for each data source that the app
/// itself streams from. Each admits its own streams.
/// </summary>
internal sealed class PostgresDatabases
{
    private readonly PostgresOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;

    // An entry goes with its data source: an app may have one for each of its tenants, and close them.
    private readonly ConditionalWeakTable<NpgsqlDataSource, PostgresDatabase> _own = [];

    /// <param name="connection">Says where the configured database is, if there is one.</param>
    /// <param name="options">The settings, the same for all databases.</param>
    /// <param name="time">The clock that measures the limits.</param>
    /// <param name="loggers">Make the loggers of the databases.</param>
    /// <param name="meters">Makes the meter that tells of all of them.</param>
    /// <exception cref="ConnectionStringException">The connection string can't be read.</exception>
    public PostgresDatabases(
        ConfiguredConnection connection, IOptions<PostgresOptions> options, TimeProvider time, ILoggerFactory loggers,
        IMeterFactory meters)
    {
        (_options, _time, _loggers) = (options.Value, time, loggers);
        Configured = new PostgresDatabase(connection, _options, time, loggers);
        SlotMetrics.Add(meters, () => _own.Select(own => own.Value).Prepend(Configured));
    }

    /// <summary>That of <c>AddPostgres()</c>. It is closed by whoever has these databases.</summary>
    public PostgresDatabase Configured { get; }

    /// <summary>The database of a data source.</summary>
    /// <param name="dataSource">The app's own; null for the configured database.</param>
    /// <exception cref="InvalidOperationException">The data source was not prepared for streams.</exception>
    public PostgresDatabase Find(NpgsqlDataSource? dataSource)
        => dataSource is null ? Configured : _own.GetValue(dataSource, Create);

    private PostgresDatabase Create(NpgsqlDataSource dataSource)
        => ConnectionSettings.AreForced(new NpgsqlConnectionStringBuilder(dataSource.ConnectionString))
            ? PostgresDatabase.Create(dataSource, _options, _time, _loggers)
            : throw new InvalidOperationException(
                "This data source lacks settings that streams need: "
                + "call UseChunkStream() on its NpgsqlDataSourceBuilder before Build().");
}
