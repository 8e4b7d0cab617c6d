using ChunkStream.DurableStreams.Schema;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// The database of the streams: the same as the queries', with a small pool of its own, so that long queries can't
/// starve the streams, nor many streams the queries. The streams' tables are there before it gives a connection.
/// </summary>
internal sealed class DurableDatabase : IAsyncDisposable
{
    private const string Name = "ChunkStream streams";

    // The connections that an instance may have beside the pool: one that listens, one that notifies, and for moments
    // one that looks for the tables.
    internal const int OutsideThePool = 3;

    // A task takes milliseconds, and seconds where it waits for another's transaction.
    private static readonly TimeSpan TaskLimit = TimeSpan.FromSeconds(30);

    private readonly NpgsqlDataSource? _pool;
    private readonly NpgsqlDataSource? _single;
    private readonly SchemaInstaller _installer;
    private readonly TimeProvider _time;
    private readonly TimeSpan _openLimit;

    /// <exception cref="ConnectionStringException">The connection string can't be read.</exception>
    public DurableDatabase(
        ConfiguredConnection connection,
        IOptions<DurableStreamOptions> options,
        IOptions<PostgresOptions> postgres,
        TimeProvider time,
        DurableLog log,
        ILoggerFactory loggers)
    {
        _installer = new SchemaInstaller(OpenBareAsync, time, log);
        _time = time;
        if (CreateBuilder() is not { } pooled)
            return;

        pooled.ConnectionStringBuilder.Pooling = true;
        pooled.ConnectionStringBuilder.MaxPoolSize = options.Value.Connections;
        MostConnections = options.Value.Connections + OutsideThePool;

        // Npgsql's own limit comes first, because its message says more.
        _openLimit = TimeSpan.FromSeconds(pooled.ConnectionStringBuilder.Timeout + 1);
        pooled.Name ??= Name;
        _pool = ConnectionPool.Build(pooled, isWriting: true);
        var single = CreateBuilder()!;
        single.Name ??= $"{Name}, apart";
        single.ConnectionStringBuilder.Pooling = false;
        _single = ConnectionPool.Build(single, isWriting: true);

        NpgsqlDataSourceBuilder? CreateBuilder()
        {
            if (connection.CreateBuilder(loggers) is not { } builder)
                return null;
            var settings = builder.ConnectionStringBuilder;
            ConnectionSettings.Complete(settings, Name, postgres.Value.ConnectSeconds);
            settings.MinPoolSize = 0;
            builder.ConfigureTracing(QueryTracing.ConfigurePool);

            // A reset would only drop the plans of our SQL functions, since nothing else in a session is ever changed.
            settings.NoResetOnClose = true;
            return builder;
        }
    }

    /// <summary>
    /// Takes a connection from the pool. The streams' tables are there then; otherwise a <see
    /// cref="Problems.ProblemException"/> says why not.
    /// </summary>
    /// <exception cref="PostgresNotConfiguredException">There is no connection string.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async ValueTask<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        await EnsureSchemaAsync(cancellation).ConfigureAwait(false);
        return await LimitedAsync(_pool!, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Opens a connection outside of the pool, for a caller that keeps it and sets limits of its own.
    /// </summary>
    public async Task<PostgresSession> OpenOwnAsync(CancellationToken cancellation)
    {
        await EnsureSchemaAsync(cancellation).ConfigureAwait(false);
        return await LimitedAsync(_single!, cancellation).ConfigureAwait(false);
    }

    /// <summary>How many connections it has at most; 0 where there is no database.</summary>
    public int MostConnections { get; }

    /// <summary>Whether the streams' tables are there. Makes none.</summary>
    public async ValueTask<bool> HasSchemaAsync(CancellationToken cancellation)
        => _single is not null && (_installer.IsDone || await _installer.FindAsync(cancellation).ConfigureAwait(false));

    /// <inheritdoc cref="SchemaInstaller.Explain" />
    public Exception? Explain(PostgresException failure) => _installer.Explain(failure);

    /// <summary>Notes that the tables are gone: whoever takes a connection next makes them anew.</summary>
    public void ForgetSchema()
    {
        _installer.Forget();
        _pool?.Clear();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        _installer.Dispose();
        if (_pool is null)
            return;
        await _pool.DisposeAsync().ConfigureAwait(false);
        await _single!.DisposeAsync().ConfigureAwait(false);
    }

    private async ValueTask EnsureSchemaAsync(CancellationToken cancellation)
    {
        if (_single is null)
            throw new PostgresNotConfiguredException();
        if (!_installer.IsDone)
            await _installer.EnsureAsync(cancellation).ConfigureAwait(false);
    }

    // For a short task outside of the pool, whether or not the tables are there.
    private Task<PostgresSession> OpenBareAsync(CancellationToken cancellation) => LimitedAsync(_single!, cancellation);

    private async Task<PostgresSession> LimitedAsync(NpgsqlDataSource pool, CancellationToken cancellation)
    {
        var session = await PostgresSession.OpenAsync(pool, _openLimit, _time, cancellation).ConfigureAwait(false);
        session.LimitTo(TaskLimit);
        return session;
    }
}
