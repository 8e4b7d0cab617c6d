using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Resuming;
using ChunkStream.Problems;

namespace ChunkStream.Postgres.Rows;

/// <summary>What a cursor is opened for.</summary>
/// <param name="Sql">
/// A SELECT, VALUES or TABLE statement without a semicolon at its end, with parameters as <c>$1</c>, <c>$2</c> … From the
/// operator, never from a client.
/// </param>
internal sealed record PostgresQuery(string Sql)
{
    // What Postgres cuts names off at, less the prefix.
    private const int MostNameLength = 50;

    /// <summary>What it is called, in letters, digits, - and _; empty where it has no name.</summary>
    public string Name { get; init; } = "";

    /// <summary>
    /// Its cursor's name in SQL. It tells a DBA which query is read: FETCH is all that pg_stat_activity and pg_stat_statements
    /// show of a cursor, and from Postgres 16 on the latter counts statements as one of which the comments alone differ.
    /// </summary>
    public string CursorName => Name.Length == 0 ? "chunkstream" : $"\"chunkstream:{(Name.Length > MostNameLength ? Name[..MostNameLength] : Name)}\"";

    /// <summary>Whether the caller gave no key: such queries get a share of the connections.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>The parameters' values, in the text form of the types that the statement casts them to; null is NULL.</summary>
    public IReadOnlyList<string?> Parameters { get; init; } = [];

    /// <summary>The columns that order the rows and tell them apart, or none.</summary>
    public IReadOnlyList<KeyColumn> Key { get; init; } = [];

    /// <summary>Asks whether the database guarantees, as it is now, that the key is unique and never null; null where it does not.</summary>
    public Func<CancellationToken, Task<bool>>? IsKeyProven { get; init; }

    /// <summary>What to plan for; null leaves it to <see cref="IsPlannedForFirstRow"/>'s default.</summary>
    public CursorPlan? Plan { get; init; }

    /// <summary>How long Postgres may take for the first row, and from each row to the next; null for no limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long the reader may stall while the query is held; null leaves it to the options.</summary>
    public TimeSpan? Idle { get; init; }

    /// <summary>After how many rows to end; null for all.</summary>
    public long? Limit { get; init; }

    /// <summary>With how many rows the stream fails if there are more; null for no such bound.</summary>
    public long? MaxRows { get; init; }

    /// <summary>Whether a client is told what the query's SQL raises for it.</summary>
    public bool ShowsErrors { get; init; }

    /// <summary>What a client is told of a failure, where the endpoint says it itself; null where it says nothing of it.</summary>
    public Func<Exception, Problem?>? Describe { get; init; }

    /// <summary>Whether int8 and numeric become strings in JSON, for readers whose numbers are 64-bit floats.</summary>
    public bool ExactNumbers { get; init; }

    /// <summary>Where to begin, or null for the beginning.</summary>
    public KeysetPosition? After { get; init; }

    /// <summary>Makes the tokens by which a client resumes; null for none.</summary>
    public ResumeTokens? Tokens { get; init; }

    /// <summary>Whether a client can go on after any row.</summary>
    public bool HasCheckpoints => Key.Count > 0 && Tokens is not null;

    /// <summary>Asked when Postgres refuses a value before the first row: which parameter it was; null if it was none.</summary>
    public Func<CancellationToken, Task<Problem?>>? WhyRefused { get; init; }

    /// <summary>
    /// A keyed query is opened again wherever it is resumed, and reads on along its key; a plan that sorts everything before
    /// its first row would pay for that each time. Any other query is read to its end once.
    /// </summary>
    public bool IsPlannedForFirstRow => (Plan ?? (Key.Count > 0 ? CursorPlan.FirstRow : CursorPlan.Whole)) is CursorPlan.FirstRow;
}
