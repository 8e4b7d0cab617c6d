using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Keys;

namespace ChunkStream.Postgres.Rows;

/// <summary>A query: a statement with the values of its parameters, and what its author declares about it.</summary>
/// <param name="Sql">
/// A SELECT, VALUES, TABLE or WITH statement without a semicolon at its end, with parameters as <c>$1</c>, <c>$2</c> …
/// It comes from the operator or the app, and never from a client.
/// </param>
internal sealed record PostgresQuery(string Sql)
{
    // Postgres cuts names off at 63 bytes; this leaves room for the prefix.
    private const int MostNameLength = 50;

    /// <summary>The query's name, in letters, digits, - and _; empty where it has none.</summary>
    public string Name { get; init; } = "";

    /// <summary>
    /// The name of the query's cursor in SQL. It tells a DBA which query is read: FETCH is all that pg_stat_activity
    /// and pg_stat_statements show of a cursor, and from Postgres 16 on the latter counts statements as one if only
    /// their comments differ.
    /// </summary>
    public string CursorName => Name.Length == 0
        ? "chunkstream"
        : $"\"chunkstream:{(Name.Length > MostNameLength ? Name[..MostNameLength] : Name)}\"";

    /// <summary>
    /// The values of the parameters, in the text form of the types that the statement casts them to; null is NULL.
    /// </summary>
    public IReadOnlyList<string?> Parameters { get; init; } = [];

    /// <summary>The columns that order the rows and tell them apart; empty without a key.</summary>
    public IReadOnlyList<KeyColumn> Key { get; init; } = [];

    /// <summary>What Postgres plans for; null for the default, see <see cref="IsPlannedForFirstRow"/>.</summary>
    public CursorPlan? Plan { get; init; }

    /// <summary>
    /// How long Postgres may take for the first row, and from each row to the next; null for no limit.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long the reader may take nothing while the query is held; null leaves it to the options.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>A stream with more rows than this fails; null for no bound.</summary>
    public long? MaxRows { get; init; }

    /// <summary>As whom it runs; null for the connection's own user.</summary>
    public SessionIdentity? RunsAs { get; init; }

    /// <summary>Whether each value of a row is a JSON string, with the text of the value, or null.</summary>
    public bool GivesTexts { get; init; }

    /// <summary>Whether a client is told what the statement raises for it.</summary>
    public bool ShowsErrors { get; init; }

    /// <summary>
    /// Whether Postgres plans for the first row. A keyed query is opened again wherever it is resumed, and reads on
    /// along its key; a plan that sorts everything before its first row would pay for that each time. Any other query
    /// is read to its end once.
    /// </summary>
    public bool IsPlannedForFirstRow
        => (Plan ?? (Key.Count > 0 ? CursorPlan.FirstRow : CursorPlan.Whole)) is CursorPlan.FirstRow;
}
