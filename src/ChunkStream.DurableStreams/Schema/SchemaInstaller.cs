using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using Npgsql;

namespace ChunkStream.DurableStreams.Schema;

/// <summary>
/// Sees to it that the database has the streams' tables, in the version that this code needs or a later one.
/// </summary>
/// <param name="open">Opens a connection, whether or not the tables are there.</param>
/// <param name="time">The clock that measures when to look again.</param>
/// <param name="log">Logs that the tables were made, or are missing.</param>
internal sealed class SchemaInstaller(
    Func<CancellationToken, Task<PostgresSession>> open, TimeProvider time, DurableLog log) : IDisposable
{
    // An administrator who has just run the script should not have to restart anything; but not every request has to
    // look.
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _one = new(1);
    private volatile bool _isDone;
    private ProblemException? _refusal;
    private long _refusedAt;

    /// <summary>Whether the tables were there at the last look.</summary>
    public bool IsDone => _isDone;

    /// <summary>Notes that the tables are not there any more.</summary>
    public void Forget() => _isDone = false;

    /// <summary>Looks for the tables, and installs or upgrades them if needed.</summary>
    /// <exception cref="ProblemException">The tables are not there, and can't be made: 503.</exception>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async Task EnsureAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_isDone)
                return;
            if (_refusal is { } refusal && time.GetElapsedTime(_refusedAt) < Retry)
                throw new ProblemException(refusal.Problem, refusal);

            await using var session = await open(cancellation).ConfigureAwait(false);
            if (await FindAsync(session.Connection).ConfigureAwait(false) < DurableStreamSchema.Version)
                await InstallAsync(session.Connection).ConfigureAwait(false);
            (_isDone, _refusal) = (true, null);
        }
        catch (PostgresException e) when (WhyRefused(e) is { } reason)
        {
            throw Refuse(reason, e);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>
    /// What to throw instead of a failure that an operator has to do something about; null for any other.
    /// </summary>
    public ProblemException? Explain(PostgresException failure)
        => !failure.IsNotSupported() && WhyRefused(failure) is { } reason ? Refuse(reason, failure) : null;

    /// <summary>Looks for the tables, and makes none.</summary>
    public async Task<bool> FindAsync(CancellationToken cancellation)
    {
        await using var session = await open(cancellation).ConfigureAwait(false);
        return await FindAsync(session.Connection).ConfigureAwait(false) >= DurableStreamSchema.Version;
    }

    /// <inheritdoc />
    public void Dispose() => _one.Dispose();

    // The version that is installed; 0 if none is.
    private static async Task<int> FindAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var command = new NpgsqlCommand(
                "select coalesce(max(version), 0) from chunkstream.schema_version", connection);
            return (int)(await command.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false))!;
        }
        catch (PostgresException e) when (e.IsMissingSchema())
        {
            return 0;
        }
    }

    private async Task InstallAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(DurableStreamSchema.Script, connection);
        await command.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        log.SchemaInstalled(DurableStreamSchema.Version);
    }

    // The log has it once, and not for each request.
    private ProblemException Refuse(string reason, PostgresException failure)
    {
        if (_refusal is null)
            log.SchemaMissing(reason, failure);
        (_refusal, _refusedAt) = (new ProblemException(Problem.Unavailable(reason), failure), time.GetTimestamp());
        return _refusal;
    }

    private static string? WhyRefused(PostgresException failure) => failure switch
    {
        _ when failure.IsForbidden() =>
            "The app's role may not create the durable streams' tables in the database, or not use them. An "
            + "administrator has to run the script that DurableStreamSchema.Script holds, and that "
            + "`dotnet run --project ChunkStream.LocalHost -- --print-schema` prints; "
            + "its first lines say what to grant.",
        _ when failure.IsReadOnly() => "The database is read-only: the durable streams need one that is not.",
        _ when failure.IsNotSupported() => "The durable streams need PostgreSQL 15 or later.",
        _ => null,
    };
}
