using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Postgres.Live;

/// <summary>
/// The database of the queries, for what live queries do beside them: one connection listens and looks, and a few
/// others keep the log of changes. None of these is taken from the queries' pool.
/// </summary>
internal sealed class LiveDatabase : IAsyncDisposable
{
    /// <summary>How many connections it has at most: one that listens, and two that keep the log.</summary>
    public const int MostConnections = 1 + PoolSize;

    /// <summary>What one task on such a connection may take.</summary>
    public static readonly TimeSpan TaskLimit = TimeSpan.FromSeconds(30);

    private const int PoolSize = 2;
    private const string Name = "ChunkStream live";

    private readonly NpgsqlDataSource? _pool;
    private readonly NpgsqlDataSource? _single;
    private readonly TimeProvider _time;
    private readonly TimeSpan _openLimit;

    /// <exception cref="ConnectionStringException">The connection string can't be read.</exception>
    public LiveDatabase(
        ConfiguredConnection connection, IOptions<PostgresOptions> options, TimeProvider time, ILoggerFactory loggers)
    {
        _time = time;
        if (CreateBuilder() is not { } pooled)
            return;

        // Npgsql's own limit comes first, because its message says more.
        _openLimit = TimeSpan.FromSeconds(pooled.ConnectionStringBuilder.Timeout + 1);
        pooled.ConnectionStringBuilder.Pooling = true;
        pooled.ConnectionStringBuilder.MaxPoolSize = PoolSize;
        pooled.Name ??= Name;
        _pool = ConnectionPool.Build(pooled, isWriting: true);
        var single = CreateBuilder()!;
        single.ConnectionStringBuilder.Pooling = false;
        single.Name ??= $"{Name}, apart";
        _single = ConnectionPool.Build(single, isWriting: true);

        NpgsqlDataSourceBuilder? CreateBuilder()
        {
            if (connection.CreateBuilder(loggers) is not { } builder)
                return null;
            ConnectionSettings.Complete(builder.ConnectionStringBuilder, Name, options.Value.ConnectSeconds);
            builder.ConnectionStringBuilder.MinPoolSize = 0;
            builder.ConfigureTracing(QueryTracing.ConfigurePool);
            return builder;
        }
    }

    /// <summary>Takes a connection for one task.</summary>
    /// <exception cref="PostgresNotConfiguredException">There is no connection string.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public Task<PostgresSession> OpenAsync(CancellationToken cancellation) => LimitedAsync(_pool, cancellation);

    /// <summary>Opens a connection for a caller that keeps it, and sets limits of its own.</summary>
    /// <exception cref="PostgresNotConfiguredException">There is no connection string.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public Task<PostgresSession> OpenOwnAsync(CancellationToken cancellation) => LimitedAsync(_single, cancellation);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_pool is not null)
            await _pool.DisposeAsync().ConfigureAwait(false);
        if (_single is not null)
            await _single.DisposeAsync().ConfigureAwait(false);
    }

    private async Task<PostgresSession> LimitedAsync(NpgsqlDataSource? source, CancellationToken cancellation)
    {
        if (source is null)
            throw new PostgresNotConfiguredException();
        var session = await PostgresSession.OpenAsync(source, _openLimit, _time, cancellation).ConfigureAwait(false);
        session.LimitTo(TaskLimit);
        return session;
    }
}
