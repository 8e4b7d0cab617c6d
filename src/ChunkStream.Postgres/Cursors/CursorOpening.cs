using System.Data;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>A connection on which a query has been described, and on which its cursor can be opened next.</summary>
internal sealed class CursorOpening : IAsyncDisposable
{
    private readonly CursorScope _scope;
    private readonly PostgresQuery _query;
    private readonly SessionIdentity? _identity;
    private PostgresSession? _session;

    private CursorOpening(
        CursorScope scope, PostgresQuery query, SessionIdentity? identity, PostgresSession session, RowLayout layout)
        => (_scope, _query, _identity, _session, Layout) = (scope, query, identity, session, layout);

    /// <summary>The query's columns.</summary>
    public RowLayout Layout { get; }

    /// <summary>Takes a connection, begins a transaction on it, and describes the query.</summary>
    /// <param name="scope">The database, and how long the cursor is wanted.</param>
    /// <param name="run">The query.</param>
    /// <param name="isAsCaller">
    /// Whether the query is described as whom it runs. Else it is described as the connection's user, and becomes the
    /// caller's together with the cursor, which takes a round trip less.
    /// </param>
    /// <exception cref="NpgsqlException">The query is wrong, or the server can't be reached.</exception>
    /// <exception cref="RoleRefusedException">The role is not there, or may not be taken.</exception>
    public static async Task<CursorOpening> BeginAsync(CursorScope scope, QueryRun run, bool isAsCaller)
    {
        for (var first = true; ; first = false)
        {
            var session = await scope.Database.OpenAsync(scope.Cancellation).ConfigureAwait(false);
            try
            {
                // BEGIN travels with the first command, and the end of the session ends the transaction. A cursor
                // always reads one snapshot. With this isolation the volatile functions that it calls read it, too,
                // instead of a newer one at each call.
                await session.Connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, CancellationToken.None)
                    .ConfigureAwait(false);
                if (run.Snapshots is { } snapshots)
                    await snapshots.TakeAsync(session.Connection).ConfigureAwait(false);
                if (isAsCaller)
                    await SessionIdentity.EnterAsync(session.Connection, run.Query.RunsAs).ConfigureAwait(false);
                var layout = await RowLayout.DescribeAsync(session.Connection, run.Query, run.ExactNumbers)
                    .ConfigureAwait(false);
                return new CursorOpening(scope, run.Query, isAsCaller ? null : run.Query.RunsAs, session, layout);
            }
            catch (NpgsqlException)
                when (first && !session.IsSevered && session.Connection.FullState.HasFlag(ConnectionState.Broken))
            {
                // The connection lay in the pool while the server was restarted, or a firewall forgot it. Nothing has
                // been read yet, and a new connection tells whether the server is there.
                await session.DisposeAsync().ConfigureAwait(false);
                scope.Database.ForgetIdleConnections();
            }
            catch
            {
                await session.DisposeAsync().ConfigureAwait(false);
                scope.Cancellation.ThrowIfCancellationRequested();
                throw;
            }
        }
    }

    /// <summary>
    /// Opens the cursor, and sends its first FETCH. The connection then belongs to the cursor. It can be called once.
    /// </summary>
    /// <param name="rows">Writes the rows of <see cref="Layout"/>.</param>
    /// <param name="start">Which rows the cursor gives.</param>
    /// <returns>
    /// Null if names in the query may mean something else to the role as which it runs, so that it has to be described
    /// as that role.
    /// </returns>
    /// <exception cref="NpgsqlException">The query is wrong, or the connection was lost.</exception>
    /// <exception cref="RoleRefusedException">The role is not there, or may not be taken.</exception>
    public async Task<Cursor?> OpenAsync(RowWriter rows, CursorStart start)
    {
        var options = _scope.Database.Options;
        var select = SelectStatement.Create(_query, Layout, start.From, start.AtMost);
        var commands = new CursorCommands(
            _identity,
            SessionSettings.All(_query, options, _identity),
            start.IsEstimated ? select.Command("EXPLAIN (FORMAT JSON)\n") : null,
            select.Command($"DECLARE {_query.CursorName} NO SCROLL CURSOR FOR\n"));
        var plan = new FetchPlan(
            options.FetchBytes, options.FetchesAhead, _query.Timeout, isAtPosition: start.From is not null);
        var cursor = new Cursor(_session!, _query.CursorName, rows, plan, _scope, $"cursor {_query.Name}");
        try
        {
            if (!await cursor.StartAsync(commands).ConfigureAwait(false))
            {
                _session = null;
                await cursor.DisposeAsync().ConfigureAwait(false);
                return null;
            }
        }
        catch
        {
            _scope.Cancellation.ThrowIfCancellationRequested();
            throw;
        }

        _session = null;
        return cursor;
    }

    /// <summary>Gives the connection back, unless there is a cursor on it.</summary>
    public ValueTask DisposeAsync() => _session?.DisposeAsync() ?? ValueTask.CompletedTask;
}

/// <summary>What is sent before the first FETCH of a cursor.</summary>
/// <param name="Identity">Whose the transaction becomes with the settings; null if it is not to change.</param>
/// <param name="Settings">Sets what <see cref="SessionSettings.All"/> says.</param>
/// <param name="Explain">Asks how many rows there will be; null if that is not asked.</param>
/// <param name="Declare">Opens the cursor.</param>
internal sealed record CursorCommands(
    SessionIdentity? Identity, NpgsqlBatchCommand Settings, NpgsqlBatchCommand? Explain, NpgsqlBatchCommand Declare)
{
    /// <summary>All of them, as they are sent.</summary>
    public NpgsqlBatchCommand[] All => Explain is null ? [Settings, Declare] : [Settings, Explain, Declare];
}

/// <summary>Where a cursor is opened, and for how long it is wanted.</summary>
/// <param name="Database">The database.</param>
/// <param name="Time">The clock that measures how fast rows come.</param>
/// <param name="Cancellation">Cancelled when nobody wants the rows any more: it severs the connection.</param>
internal sealed record CursorScope(PostgresDatabase Database, TimeProvider Time, CancellationToken Cancellation);

/// <summary>Which rows of its query a cursor gives.</summary>
/// <param name="From">The position to begin at, with the row that is there; null for the beginning.</param>
/// <param name="AtMost">How many rows to give; null for all.</param>
/// <param name="IsEstimated">Whether to ask the planner how many rows there will be.</param>
internal sealed record CursorStart(KeysetPosition? From, long? AtMost, bool IsEstimated);
