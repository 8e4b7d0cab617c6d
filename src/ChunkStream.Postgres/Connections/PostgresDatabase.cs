using ChunkStream.Postgres.Failures;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// A database that streams read from: its pool of connections, which are opened when they are needed, and the slots
/// that decide who may have one.
/// </summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    // Connections of the pool that no stream gets: for health, and for checking queries.
    private const int Reserve = 1;

    private static readonly TimeSpan TerminateLimit = TimeSpan.FromSeconds(5);

    private readonly NpgsqlDataSource? _dataSource;
    private readonly bool _isOurs;
    private readonly TimeProvider _time;
    private readonly TimeSpan _openLimit;
    private readonly PostgresLog _log;
    private volatile bool _setsStandardStrings;
    private int _isVersionKnown;

    /// <summary>A database with a pool of our own.</summary>
    /// <param name="connection">Says where the database is, if one is configured.</param>
    /// <param name="options">The settings of the section <c>ChunkStream:Postgres</c>.</param>
    /// <param name="time">The clock that measures the limits.</param>
    /// <param name="loggers">Make the loggers of Npgsql and of the database.</param>
    /// <exception cref="ConnectionStringException">The connection string can't be read.</exception>
    public PostgresDatabase(
        ConfiguredConnection connection, PostgresOptions options, TimeProvider time, ILoggerFactory loggers)
        : this(Build(connection, options, loggers), isOurs: true, options, time, loggers)
    {
    }

    private PostgresDatabase(
        NpgsqlDataSource? dataSource, bool isOurs, PostgresOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        (_dataSource, _isOurs, Options, _time) = (dataSource, isOurs, options, time);
        _log = new PostgresLog(loggers.CreateLogger<PostgresDatabase>());
        var settings = new NpgsqlConnectionStringBuilder(dataSource?.ConnectionString);
        var poolSize = settings.Pooling ? settings.MaxPoolSize : ConnectionString.DefaultPoolSize;
        MostConnections = dataSource is null ? 0 : Math.Max(1 + Reserve, poolSize);
        Slots = new ConnectionSlots(
            Math.Max(1, poolSize - Reserve),
            options.AnonymousShare,
            options.QueueLength,
            TimeSpan.FromSeconds(options.QueueSeconds),
            time);

        // Npgsql's own limit comes first, because its message says more. To Npgsql 0 means no limit.
        _openLimit = TimeSpan.FromSeconds((settings.Timeout > 0 ? settings.Timeout : options.ConnectSeconds) + 1);
    }

    /// <summary>A database behind a data source of the app's own. The app closes it.</summary>
    /// <param name="dataSource">Built by a builder on which <c>UseChunkStream()</c> was called.</param>
    /// <param name="options">The settings of the section <c>ChunkStream:Postgres</c>.</param>
    /// <param name="time">The clock that measures the limits.</param>
    /// <param name="loggers">Make the logger of the database.</param>
    public static PostgresDatabase Create(
        NpgsqlDataSource dataSource, PostgresOptions options, TimeProvider time, ILoggerFactory loggers)
        => new(dataSource, isOurs: false, options, time, loggers);

    private static NpgsqlDataSource? Build(
        ConfiguredConnection connection, PostgresOptions options, ILoggerFactory loggers)
    {
        if (connection.CreateBuilder(loggers)?.UseChunkStream() is not { } builder)
            return null;

        var settings = builder.ConnectionStringBuilder;
        ConnectionSettings.Complete(settings, "ChunkStream", options.ConnectSeconds);
        settings.MaxPoolSize = ConnectionString.PoolSizeOf(settings);
        builder.ConfigureTracing(QueryTracing.ConfigurePool);
        builder.Name ??= "ChunkStream";
        return ConnectionPool.Build(builder);
    }

    public PostgresOptions Options { get; }

    /// <summary>How many connections it has at most; 0 where there is no database.</summary>
    public int MostConnections { get; }

    /// <summary>What metrics call its pool; null where there is no database.</summary>
    public string? PoolName => _dataSource is null ? null : NpgsqlMembers.NameOf(_dataSource) ?? "";

    /// <summary>Which streams may take a connection.</summary>
    public ConnectionSlots Slots { get; }

    /// <summary>Which queries have to be described as the role that they run as.</summary>
    public RoleNames RoleNames { get; } = new();

    /// <summary>Takes a connection from the pool. The caller disposes it.</summary>
    /// <param name="cancellation">When it is cancelled, the connection is severed.</param>
    /// <exception cref="PostgresNotConfiguredException">There is no connection string.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async Task<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        if (_dataSource is null)
            throw new PostgresNotConfiguredException();

        var session = await PostgresSession.OpenAsync(_dataSource, _openLimit, _time, cancellation)
            .ConfigureAwait(false);
        try
        {
            BoundedMessages.Enable(session.Connection, Options.MaxRowBytes);
            if (Interlocked.Exchange(ref _isVersionKnown, 1) == 0
                && OldestVersion.Objection(session.Connection) is { } objection)
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
    /// Query files are read as standard SQL, where a backslash in '…' is a backslash. If server, database or role have
    /// it otherwise, Postgres reports that on each connection. The setting is then made each time, because the first
    /// command on a connection of the pool resets what was set before.
    /// </summary>
    private async ValueTask EnsureStandardStringsAsync(NpgsqlConnection connection)
    {
        if (!_setsStandardStrings
            && connection.PostgresParameters.GetValueOrDefault("standard_conforming_strings") != "off")
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
            await using var command = new NpgsqlCommand("SELECT pg_terminate_backend($1)::text", session.Connection)
            {
                Parameters = { new() { Value = process } },
            };
            await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is NpgsqlException or OperationCanceledException)
        {
            // The backend then goes on to the end of its query, and finds nobody to give the rows to.
        }
    }

    /// <summary>Closes the pool's idle connections: the next one is new.</summary>
    public void ForgetIdleConnections() => _dataSource?.Clear();

    /// <inheritdoc />
    public ValueTask DisposeAsync()
        => _isOurs && _dataSource is not null ? _dataSource.DisposeAsync() : ValueTask.CompletedTask;
}
