using ChunkStream.Durable.Schema;
using ChunkStream.Postgres;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ChunkStream.Durable;

/// <summary>
/// The database of the streams: the same as the queries', with a small pool of its own, so that long queries can't starve
/// the streams, nor many streams the queries. The streams' tables are there before it gives a connection.
/// </summary>
internal sealed class DurableDatabase : IAsyncDisposable
{
    private const string Name = "ChunkStream streams";

    private readonly NpgsqlDataSource? _pool;
    private readonly NpgsqlDataSource? _single;
    private readonly SchemaInstaller _installer;

    /// <exception cref="ArgumentException">The connection string can't be read.</exception>
    public DurableDatabase(string? connectionString, IOptions<DurableOptions> options, IOptions<PostgresOptions> postgres, TimeProvider time, DurableLog log, ILoggerFactory loggers)
    {
        _installer = new SchemaInstaller(time, log);
        if (string.IsNullOrWhiteSpace(connectionString))
            return;

        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        var given = settings.Keys.Cast<string>().ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (!given.Contains("Timeout"))
            settings.Timeout = postgres.Value.ConnectSeconds;
        if (!given.Contains("Application Name"))
            settings.ApplicationName = Name;
        settings.MinPoolSize = 0;
        settings.MaxPoolSize = options.Value.Connections;

        // What it would reset are the plans of our functions: nothing else in a session is ever changed.
        settings.NoResetOnClose = true;

        // Nothing is prepared by itself, though it would save a third of what an append costs the database: after a value that Postgres
        // refuses, Npgsql 10.0.3 can lose its place in such a connection ("unexpected backend message DataRow").
        _pool = Build(settings, loggers);
        settings.Pooling = false;
        _single = Build(settings, loggers);
    }

    /// <summary>Takes a connection from the pool. The streams' tables are there, or a <see cref="Problems.ProblemException"/> says why not.</summary>
    /// <exception cref="PostgresNotConfiguredException">There is no connection string.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellation)
    {
        await EnsureSchemaAsync(cancellation).ConfigureAwait(false);
        return await _pool!.OpenConnectionAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Opens a connection beside the pool, for who keeps it.</summary>
    public async Task<NpgsqlConnection> OpenOwnAsync(CancellationToken cancellation)
    {
        await EnsureSchemaAsync(cancellation).ConfigureAwait(false);
        return await _single!.OpenConnectionAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Whether the streams' tables are there. Makes none.</summary>
    public async ValueTask<bool> HasSchemaAsync(CancellationToken cancellation)
        => _single is not null && (_installer.IsDone || await SchemaInstaller.FindAsync(_single, cancellation).ConfigureAwait(false));

    /// <inheritdoc cref="SchemaInstaller.Explain" />
    public Exception? Explain(PostgresException failure) => _installer.Explain(failure);

    /// <summary>The tables turned out to be gone: the next to take a connection makes them anew.</summary>
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
        var database = _single ?? throw new PostgresNotConfiguredException();
        if (!_installer.IsDone)
            await _installer.EnsureAsync(database, cancellation).ConfigureAwait(false);
    }

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings, ILoggerFactory loggers)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UseLoggerFactory(loggers);
        return builder.Build();
    }
}
