using System.Data;
using System.Net.Sockets;
using ChunkStream.Postgres.Failures;
using Npgsql;

namespace ChunkStream.DurableStreams.Store;

/// <summary>
/// Calls the schema's functions: each call is one round trip and one transaction. Repeats what the database has rolled
/// back.
/// </summary>
internal sealed class SqlCalls(DurableDatabase database, TimeProvider time)
{
    // Sent with a call, and in effect until the end of its transaction: nothing is left behind on a connection that a
    // pooler shares. ("set transaction" would do the same, and warn that there is no "begin".)
    private const string ReadCommitted = "set transaction_isolation = 'read committed'";

    // Whether the default of the database or role is another isolation. Setting it is a fifth of what a call costs the
    // database, so it is set only then.
    private volatile bool _setsIsolation;

    /// <summary>Runs one statement, in a transaction of its own.</summary>
    /// <param name="sql">The statement, with parameters as <c>$1</c>, <c>$2</c> …</param>
    /// <param name="parameters">Their values.</param>
    /// <param name="read">
    /// Reads the rows, in their order. Its second argument is the timestamp at which the call began.
    /// </param>
    /// <param name="mayRepeat">Whether the statement may run again if the connection was lost while it ran.</param>
    /// <param name="cancellation">Reaches the database.</param>
    /// <exception cref="NpgsqlException">The server can't be reached, or refuses.</exception>
    public async Task<T> RunAsync<T>(
        string sql,
        NpgsqlParameter[] parameters,
        Func<NpgsqlDataReader, long, Task<T>> read,
        bool mayRepeat,
        CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var asked = time.GetTimestamp();
                await using var session = await database.OpenAsync(cancellation).ConfigureAwait(false);
                await using var batch = new NpgsqlBatch(session.Connection);
                var command = new NpgsqlBatchCommand(sql);
                command.Parameters.AddRange(parameters);
                if (_setsIsolation)
                    batch.BatchCommands.Add(new NpgsqlBatchCommand(ReadCommitted));
                batch.BatchCommands.Add(command);
                try
                {
                    await using var reader = await batch
                        .ExecuteReaderAsync(CommandBehavior.SequentialAccess, CancellationToken.None)
                        .ConfigureAwait(false);
                    return await read(reader, asked).ConfigureAwait(false);
                }
                finally
                {
                    // So that a repeated call can use the same parameters in another command.
                    command.Parameters.Clear();
                }
            }
            catch (Exception) when (cancellation.IsCancellationRequested)
            {
                // The session was severed. The failure that this caused does not matter.
                throw new OperationCanceledException(cancellation);
            }
            catch (PostgresException e) when (attempt < 3 && e.IsUndone())
            {
                if (e.IsOfIsolation())
                    _setsIsolation = true;
            }
            catch (PostgresException e) when (attempt < 2 && e.IsChangedSchema())
            {
                database.ForgetSchema();
            }
            catch (NpgsqlException e) when (attempt < 2 && mayRepeat && IsConnectionLost(e))
            {
            }
            catch (PostgresException e) when (database.Explain(e) is { } explained)
            {
                throw explained;
            }
        }
    }

    // A pool's idle connection may have been dead for a while.
    private static bool IsConnectionLost(NpgsqlException failure)
        => failure is { InnerException: IOException or SocketException }
            || (failure as PostgresException)?.IsShutdown() is true;
}
