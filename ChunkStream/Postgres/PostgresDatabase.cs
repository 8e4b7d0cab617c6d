using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Postgres;

/// <summary>The database behind the endpoints: one pool of connections a process, opened when first needed.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    // The receive buffer of a connection. Npgsql's default of 8 KiB costs a system call every few dozen rows.
    private const int ReadBufferBytes = 64 * 1024;

    // How long a backend that was told to stop has for it, before its connection is closed. Npgsql's default, 2 s, would be more
    // than a query may go on for when its client has left.
    private const int CancellationMilliseconds = 200;

    // Half of what a Postgres server takes by default, so that two instances find room.
    private const int DefaultPoolSize = 50;

    // Connections of the pool that no stream gets: for health, and for checking queries.
    private const int Reserve = 1;

    private readonly NpgsqlDataSource? _dataSource;
    private volatile bool _setsStandardStrings;

    /// <exception cref="ArgumentException">The connection string can't be read.</exception>
    public PostgresDatabase(string? connectionString, IOptions<PostgresOptions> options, TimeProvider time, ILoggerFactory loggers)
    {
        Options = options.Value;
        Slots = SlotsOf(DefaultPoolSize, time);
        if (string.IsNullOrWhiteSpace(connectionString))
            return;

        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var given = settings.Keys.Cast<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (!given.Contains("Read Buffer Size"))
            settings.ReadBufferSize = ReadBufferBytes;
        if (!given.Contains("Timeout"))
            settings.Timeout = Options.ConnectSeconds;
        if (!given.Contains("Cancellation Timeout"))
            settings.CancellationTimeout = CancellationMilliseconds;
        if (!given.Contains("Application Name"))
            settings.ApplicationName = "ChunkStream";
        if (!given.Contains("Maximum Pool Size"))
            settings.MaxPoolSize = Math.Max(DefaultPoolSize, settings.MinPoolSize);
        Slots = SlotsOf(settings.MaxPoolSize, time);

        // A stream may run for longer than any fixed time; what bounds it is the pump, which cancels it.
        settings.CommandTimeout = 0;
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UseLoggerFactory(loggers);
#pragma warning disable NPG9001 // Npgsql's interface for types is not final; its version is pinned, and every test of values goes through it.
        RawRow.Enable(builder);
#pragma warning restore NPG9001
        _dataSource = builder.Build();
    }

    public PostgresOptions Options { get; }

    /// <summary>Which streams may take a connection.</summary>
    public ConnectionSlots Slots { get; }

    /// <summary>Takes a connection from the pool.</summary>
    /// <exception cref="PostgresNotConfiguredException">There is no connection string.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellation)
    {
        if (_dataSource is null)
            throw new PostgresNotConfiguredException();

        var connection = await _dataSource.OpenConnectionAsync(cancellation).ConfigureAwait(false);
        try
        {
            await EnsureStandardStringsAsync(connection, cancellation).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Query files are read as standard SQL, where a backslash in '…' is a backslash. A server, database or role may have it otherwise,
    /// and says so on each connection: the setting is one of those that Postgres reports. Then it is set each time, since the first
    /// command on a connection of the pool resets what was set before.
    /// </summary>
    private async ValueTask EnsureStandardStringsAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (!_setsStandardStrings && connection.PostgresParameters.GetValueOrDefault("standard_conforming_strings") != "off")
            return;

        _setsStandardStrings = true;

        var command = new NpgsqlCommand("SET standard_conforming_strings = on", connection);
        await using var _ = command.ConfigureAwait(false);
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Closes the pool's idle connections: the next one is new.</summary>
    public void ForgetIdleConnections() => _dataSource?.Clear();

    private ConnectionSlots SlotsOf(int poolSize, TimeProvider time)
        => new(Math.Max(1, poolSize - Reserve), Options.AnonymousShare, Options.QueueLength, TimeSpan.FromSeconds(Options.QueueSeconds), time);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _dataSource?.DisposeAsync() ?? ValueTask.CompletedTask;
}
