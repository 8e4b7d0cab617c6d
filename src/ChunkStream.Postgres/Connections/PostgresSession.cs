using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using ChunkStream.Postgres.Cursors;
using ChunkStream.Streaming;
using Npgsql;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// A connection for as long as somebody needs it, and no longer: when the token is cancelled, or a limit is over, it is
/// severed, whatever it is doing. The server then ends what it does for us (<see
/// cref="SessionSettings.EndWithClient"/>).
/// </summary>
/// <remarks>
/// Inside of a session Npgsql is given no tokens and no time limits. At both it would ask the server to cancel, over a
/// connection of its own, on the thread that cancels or that reads: a server that takes connections and says nothing
/// blocks that thread for 15 seconds and more, and a few dozen clients that leave block the whole process. Closing the
/// socket needs no answer, costs the server no more than such a request does, and can't hit the next query by mistake.
/// </remarks>
internal sealed class PostgresSession : IAsyncDisposable
{
    // How long a rollback may take on a server that answers.
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _limit;
    private readonly CancellationTokenRegistration _onCancelled;
    private readonly CancellationTokenRegistration _onLimit;
    private int _severed;

    private PostgresSession(NpgsqlConnection connection, TimeProvider time, CancellationToken cancellation)
    {
        (Connection, _time) = (connection, time);
        _limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _onLimit = _limit.Token.Register(Sever);
        _onCancelled = cancellation.Register(Sever);
    }

    /// <summary>The connection. Give its methods no token.</summary>
    public NpgsqlConnection Connection { get; }

    /// <summary>Whether the connection was closed while it was, or may have been, at work.</summary>
    public bool IsSevered => Volatile.Read(ref _severed) != 0;

    /// <summary>Takes a connection from the pool, which opens one if need be.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="limit">How long opening may take.</param>
    /// <param name="time">The clock that measures the limit.</param>
    /// <param name="cancellation">When it is cancelled, the connection is severed.</param>
    /// <exception cref="NpgsqlException">The server can't be reached, does not answer in time, or refuses.</exception>
    public static async Task<PostgresSession> OpenAsync(
        NpgsqlDataSource pool, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var opening = pool.OpenConnectionAsync(CancellationToken.None).AsTask();
        var isDone = false;
        try
        {
            isDone = await opening.CompletesWithinAsync(limit, time, cancellation).ConfigureAwait(false);
        }
        finally
        {
            // Npgsql ends the opening by its own limit, and nobody waits for that.
            if (!isDone)
                _ = DiscardAsync(opening);
        }

        return isDone
            ? new PostgresSession(await opening.ConfigureAwait(false), time, cancellation)
            : throw new NpgsqlException("Postgres did not answer in time.", new TimeoutException());
    }

    /// <summary>Severs the connection unless another limit is set before this one is over.</summary>
    /// <param name="limit">From now on; <see cref="Timeout.InfiniteTimeSpan"/> for none.</param>
    public void LimitTo(TimeSpan limit) => _limit.CancelAfter(limit);

    /// <summary>Closes the socket. Whatever is being waited for fails at once.</summary>
    public void Sever()
    {
        if (Interlocked.Exchange(ref _severed, 1) == 0
            && NpgsqlMembers.Loaded.Connector.GetValue(Connection) is { } connector)
            (NpgsqlMembers.Loaded.Socket.GetValue(connector) as Socket)?.Dispose();
    }

    /// <summary>Gives the connection back to its pool, or closes it.</summary>
    public async ValueTask DisposeAsync()
    {
        // The registrations end first: once it is given back, the connection may belong to somebody else.
        await _onCancelled.DisposeAsync().ConfigureAwait(false);
        await _onLimit.DisposeAsync().ConfigureAwait(false);
        _limit.Dispose();

        // If the last answer came before the socket was closed, Npgsql takes the connection for a live one. Without
        // this the next user would get it, and find it dead.
        if (IsSevered && NpgsqlMembers.Loaded.Connector.GetValue(Connection) is { } connector)
        {
            var reason = new OperationCanceledException("The connection was closed while it was at work.");
            NpgsqlMembers.Loaded.Break.Invoke(connector, [reason, false]);
        }

        // An open transaction is rolled back here.
        var closing = Connection.DisposeAsync().AsTask();
        if (!await closing.CompletesWithinAsync(CloseLimit, _time, CancellationToken.None).ConfigureAwait(false))
            Sever();
        await closing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // A connection that could not be closed would hold its place in the pool for ever.
        if (!closing.IsCompletedSuccessfully && NpgsqlMembers.Loaded.Connector.GetValue(Connection) is { } stuck)
        {
            var reason = new InvalidOperationException("The connection could not be given back.");
            NpgsqlMembers.Loaded.Break.Invoke(stuck, [reason, false]);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Nobody waits for it any more.")]
    private static async Task DiscardAsync(Task<NpgsqlConnection> opening)
    {
        try
        {
            var connection = await opening.ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Whoever wanted the connection has been told that there is none.
        }
    }
}
