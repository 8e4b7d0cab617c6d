using System.Globalization;
using ChunkStream.Postgres.Rows;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// The settings that are made before a cursor is opened. All of them end with the transaction (SET LOCAL), so that
/// nothing is left behind on a connection that others use later, through our pool or through PgBouncer's.
/// </summary>
internal static class SessionSettings
{
    /// <summary>Lifts the limit that <see cref="LimitStatements"/> sets for the first row.</summary>
    public const string NoStatementTimeout = "SET LOCAL statement_timeout = 0";

    /// <summary>
    /// Has the server check five times a second, while it works for us, whether the connection is still open: we stop
    /// what nobody waits for any more by closing it (<see cref="Connections.PostgresSession"/>). Without this check,
    /// the backend would first go on to the end of what it does. The result is NULL where the server can't check, which
    /// is on Windows; and the backend's process.
    /// </summary>
    public const string EndWithClient =
        "SELECT CASE WHEN current_setting('dynamic_shared_memory_type') <> 'windows'"
        + " THEN set_config('client_connection_check_interval', '200ms', true) END,"
        + " pg_backend_pid()::text";

    /// <summary>How long it takes at most until the server has noticed that its client is gone.</summary>
    public static readonly TimeSpan NoticeTime = TimeSpan.FromMilliseconds(250);

    // To plan for the first row, the planner is told to plan for a hundredth of the rows. An index that gives them in
    // order then beats sorting all of them, while a plan that needs half its time before the first row does not.
    private const string FirstRowFraction = "0.01";

    // If a transaction is idle for longer than the longest stall and this margin, our process is frozen or hangs. The
    // server then ends the transaction.
    private static readonly TimeSpan HangMargin = TimeSpan.FromMinutes(1);

    /// <summary>The statements for a query.</summary>
    public static IEnumerable<string> For(PostgresQuery query, PostgresOptions options)
    {
        // With these settings a value has the same text whatever the defaults of server and role are, and a scan begins
        // at the table's start instead of joining another scan midway.
        yield return "SET TRANSACTION READ ONLY";
        yield return "SET LOCAL synchronize_seqscans = off";
        yield return "SET LOCAL TimeZone = 'UTC'";
        yield return "SET LOCAL DateStyle = 'ISO'";
        yield return "SET LOCAL IntervalStyle = 'postgres'";
        yield return "SET LOCAL extra_float_digits = 1";
        yield return "SET LOCAL bytea_output = 'hex'";
        // Nobody reads what a query's functions RAISE as a notice or warning, and it can be more than its rows.
        yield return "SET LOCAL client_min_messages = 'error'";
        yield return $"SET LOCAL cursor_tuple_fraction = {(query.IsPlannedForFirstRow ? FirstRowFraction : "1")}";
        var hangLimit = StallLimit(query, options) + HangMargin;
        yield return $"SET LOCAL idle_in_transaction_session_timeout = {Milliseconds(hangLimit)}";
    }

    /// <summary>
    /// Limits what the database may take for the first row: by what the query declares, or by what server, database or
    /// role have as their statement_timeout, whichever is shorter. Gives the milliseconds, 0 for no limit. For later
    /// rows we take the time ourselves: to Postgres a FETCH that is held back by a slow reader is a slow statement.
    /// </summary>
    public static string LimitStatements(PostgresQuery query)
    {
        var declared = query.Timeout is { } timeout ? Milliseconds(timeout) : "NULL";
        return "SELECT limits.ms, set_config('statement_timeout', limits.ms::text, true)"
            + $" FROM (SELECT coalesce(least({declared},"
            + " nullif(1000 * extract(epoch FROM current_setting('statement_timeout')::interval), 0)), 0)::bigint AS ms"
            + " OFFSET 0) AS limits";
    }

    /// <summary>How long a query's reader may stall while the query holds its connection.</summary>
    public static TimeSpan StallLimit(PostgresQuery query, PostgresOptions options)
        => query.Idle ?? TimeSpan.FromSeconds(query.Key.Count > 0 ? options.StallSeconds : options.IdleSeconds);

    private static string Milliseconds(TimeSpan time)
        => ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
