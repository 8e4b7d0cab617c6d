using ChunkStream.Postgres.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Postgres;

/// <summary>The database behind the endpoints: one pool of connections a process, opened when first needed.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    // The receive buffer of a connection. Npgsql's default of 8 KiB costs a system call every few dozen rows.
    private const int ReadBufferBytes = 64 * 1024;

    // Connections of the pool that no stream gets: for health, and for checking queries.
    private const int Reserve = 1;

    private static readonly TimeSpan TerminateLimit = TimeSpan.FromSeconds(5);

    private volatile bool _setsStandardStrings;
    private int _isVersionKnown;

    private readonly NpgsqlDataSource? _dataSource;
    private readonly TimeProvider _time;
    private readonly TimeSpan _openLimit;
    private readonly PostgresLog _log;

    /// <param name="connectionString">Where the database is; empty for none.</param>
    /// <param name="options">The knobs.</param>
    /// <param name="time">Measures the limits.</param>
    /// <param name="loggers">Where Npgsql and this log.</param>
    /// <param name="password">Gives the password that there is now, for each new connection; null for that of the connection string.</param>
    /// <exception cref="ConnectionStringException">The connection string can't be read.</exception>
    public PostgresDatabase(
        string? connectionString, IOptions<PostgresOptions> options, TimeProvider time, ILoggerFactory loggers, Func<string?>? password = null)
    {
        (Options, _time) = (options.Value, time);
        _log = new PostgresLog(loggers.CreateLogger<PostgresDatabase>());
        Slots = SlotsOf(ConnectionString.DefaultPoolSize, time);
        if (string.IsNullOrWhiteSpace(connectionString))
            return;

        var settings = ConnectionString.Read(connectionString);
        ConnectionSettings.Complete(settings, "ChunkStream", Options.ConnectSeconds);
        if (!ConnectionSettings.IsGiven(settings, "Read Buffer Size"))
            settings.ReadBufferSize = ReadBufferBytes;
        settings.MaxPoolSize = ConnectionString.PoolSizeOf(settings);
        Slots = SlotsOf(settings.MaxPoolSize, time);

        // Npgsql has its limit first, and says more.
        _openLimit = TimeSpan.FromSeconds(settings.Timeout + 1);
#pragma warning disable NPG9001 // Npgsql's interface for types is not final; its version is pinned, and every test of values goes through it.
        _dataSource = ConnectionPool.Build(settings, password, loggers, configure: builder =>
        {
            RawRow.Enable(builder);
            BoundedMessages.Enable(builder, Options.MaxRowBytes);
        });
#pragma warning restore NPG9001
    }

    public PostgresOptions Options { get; }

    /// <summary>Which streams may take a connection.</summary>
    public ConnectionSlots Slots { get; }

    /// <summary>Takes a connection from the pool.</summary>
    /// <param name="cancellation">Severs the connection.</param>
    /// <exception cref="PostgresNotConfiguredException">There is no connection string.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async Task<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        if (_dataSource is null)
            throw new PostgresNotConfiguredException();

        var session = await PostgresSession.OpenAsync(_dataSource, _openLimit, _time, cancellation).ConfigureAwait(false);
        try
        {
            if (Interlocked.Exchange(ref _isVersionKnown, 1) == 0 && OldestVersion.Objection(session.Connection) is { } objection)
                _log.TooOld(objection);
            await EnsureStandardStringsAsync(session.Connection).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Query files are read as standard SQL, where a backslash in '…' is a backslash. A server, database or role may have it otherwise,
    /// and says so on each connection: the setting is one of those that Postgres reports. Then it is set each time, since the first
    /// command on a connection of the pool resets what was set before.
    /// </summary>
    private async ValueTask EnsureStandardStringsAsync(NpgsqlConnection connection)
    {
        if (!_setsStandardStrings && connection.PostgresParameters.GetValueOrDefault("standard_conforming_strings") != "off")
            return;

        _setsStandardStrings = true;

        var command = new NpgsqlCommand("SET standard_conforming_strings = on", connection);
        await using var _ = command.ConfigureAwait(false);
        await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Ends a backend whose connection was severed, on a server that does not notice that by itself.</summary>
    /// <param name="process">The backend's process.</param>
    public async Task TerminateAsync(int process)
    {
        try
        {
            using var limit = new CancellationTokenSource(TerminateLimit, _time);
            await using var session = await OpenAsync(limit.Token).ConfigureAwait(false);
            await using var command = new NpgsqlCommand("SELECT pg_terminate_backend($1)::text", session.Connection) { Parameters = { new() { Value = process } } };
            await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is NpgsqlException or OperationCanceledException)
        {
            // It goes on to its end then, and finds nobody to give its rows to.
        }
    }

    /// <summary>Closes the pool's idle connections: the next one is new.</summary>
    public void ForgetIdleConnections() => _dataSource?.Clear();

    private ConnectionSlots SlotsOf(int poolSize, TimeProvider time)
        => new(Math.Max(1, poolSize - Reserve), Options.AnonymousShare, Options.QueueLength, TimeSpan.FromSeconds(Options.QueueSeconds), time);

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _dataSource?.DisposeAsync() ?? ValueTask.CompletedTask;
}
