using System.Globalization;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Rows;
using Npgsql;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// What is set before a query is read. All of it ends with the transaction, so that nothing is left behind on a
/// connection that others use later, through our pool or through PgBouncer's. The settings of a query are made by one
/// statement, because each statement more is work for the server and for this process.
/// </summary>
internal static class SessionSettings
{
    /// <summary>Lifts the limit that <see cref="Limits"/> sets for the first row.</summary>
    public const string NoStatementTimeout = "SET LOCAL statement_timeout = 0";

    /// <summary>
    /// Has the server check five times a second, while it works for us, whether the connection is still open: we stop
    /// what nobody waits for any more by closing it (<see cref="PostgresSession"/>). Without this check, the backend
    /// would first go on to the end of what it does.
    /// </summary>
    public const string EndWithClient = "SELECT " + ClientCheck;

    /// <summary>How long it takes at most until the server has noticed that its client is gone.</summary>
    public static readonly TimeSpan NoticeTime = TimeSpan.FromMilliseconds(250);

    // NULL where the server can't check, which is on Windows.
    private const string ClientCheck =
        "CASE WHEN current_setting('dynamic_shared_memory_type') <> 'windows'"
        + " THEN set_config('client_connection_check_interval', '200ms', true) END";

    // To plan for the first row, the planner is told to plan for a hundredth of the rows. An index that gives them in
    // order then beats sorting all of them, while a plan that needs half its time before the first row does not.
    private const string FirstRowFraction = "0.01";

    // If a transaction is idle for longer than the longest stall and this margin, our process is frozen or hangs. The
    // server then ends the transaction.
    private static readonly TimeSpan HangMargin = TimeSpan.FromMinutes(1);

    /// <summary>
    /// All that is set for a query. The columns of its row are those of <see cref="Limits"/>, and then, with an
    /// identity, those of <see cref="SessionIdentity.Columns"/>, at the end.
    /// </summary>
    /// <param name="query">The query.</param>
    /// <param name="options">The settings of the database.</param>
    /// <param name="identity">As whom the transaction goes on; null to leave it as it is.</param>
    public static NpgsqlBatchCommand All(PostgresQuery query, PostgresOptions options, SessionIdentity? identity)
    {
        var command = new NpgsqlBatchCommand();
        var columns = LimitColumns.Concat(Values(query, options));
        if (identity is not null)
            columns = columns.Concat(identity.Columns(command.Parameters));
        command.CommandText = Select(columns) + LimitSource(query);
        return command;
    }

    /// <summary>
    /// With these settings a value has the same text whatever the defaults of server and role are, and a scan begins at
    /// the table's start instead of joining another scan midway.
    /// </summary>
    /// <param name="query">The query.</param>
    /// <param name="options">The settings of the database.</param>
    public static NpgsqlBatchCommand ForValues(PostgresQuery query, PostgresOptions options)
        => new(Select(Values(query, options)));

    /// <summary>
    /// With these settings Postgres reads the text of a value as it does for a query, and writes it in the same way.
    /// </summary>
    public static NpgsqlBatchCommand ForTexts() => new(Select(Texts));

    /// <summary>
    /// Limits what the database may take for the first row: by what the query declares, or by what server, database or
    /// role have as their statement_timeout, whichever is shorter. Its row has the milliseconds, 0 for no limit; the
    /// limit as Postgres says it; null where the server can't <see cref="EndWithClient"/>, which it is told to; and the
    /// backend's process as text. For later rows we take the time ourselves: to Postgres a FETCH that is held back by a
    /// slow reader is a slow statement.
    /// </summary>
    public static NpgsqlBatchCommand Limits(PostgresQuery query) => new(Select(LimitColumns) + LimitSource(query));

    /// <summary>How long a query's reader may stall while the query holds its connection.</summary>
    public static TimeSpan StallLimit(PostgresQuery query, PostgresOptions options)
        => query.Idle ?? TimeSpan.FromSeconds(query.Key.Count > 0 ? options.StallSeconds : options.IdleSeconds);

    private static string[] LimitColumns { get; } =
    [
        "limits.ms", "set_config('statement_timeout', limits.ms::text, true)", ClientCheck, "pg_backend_pid()::text",
    ];

    // It is read before statement_timeout is set to what it gives.
    private static string LimitSource(PostgresQuery query)
    {
        var declared = query.Timeout is { } timeout ? Milliseconds(timeout) : "NULL";
        return $" FROM (SELECT coalesce(least({declared},"
            + " nullif(1000 * extract(epoch FROM current_setting('statement_timeout')::interval), 0)), 0)::bigint AS ms"
            + " OFFSET 0) AS limits";
    }

    private static string[] Texts { get; } =
    [
        Local("TimeZone", "UTC"),
        Local("DateStyle", "ISO"),
        Local("IntervalStyle", "postgres"),
        Local("extra_float_digits", "1"),
        Local("bytea_output", "hex"),
    ];

    private static IEnumerable<string> Values(PostgresQuery query, PostgresOptions options) =>
    [
        Local("transaction_read_only", "on"),
        Local("synchronize_seqscans", "off"),
        .. Texts,
        // Nobody reads what a query's functions RAISE as a notice or warning, and it can be more than its rows.
        Local("client_min_messages", "error"),
        Local("cursor_tuple_fraction", query.IsPlannedForFirstRow ? FirstRowFraction : "1"),
        Local("idle_in_transaction_session_timeout", Milliseconds(StallLimit(query, options) + HangMargin)),
    ];

    private static string Select(IEnumerable<string> columns) => "SELECT " + string.Join(", ", columns);

    private static string Local(string setting, string value) => $"set_config('{setting}', '{value}', true)";

    private static string Milliseconds(TimeSpan time)
        => ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
