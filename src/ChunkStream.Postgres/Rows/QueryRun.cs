using System.Diagnostics;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Resuming;
using ChunkStream.Problems;

namespace ChunkStream.Postgres.Rows;

/// <summary>One run of a query, as one request asks for it.</summary>
/// <param name="Query">The query.</param>
internal sealed record QueryRun(PostgresQuery Query)
{
    /// <summary>After how many rows the stream ends as if there were no more; null for all.</summary>
    public long? Limit { get; init; }

    /// <summary>Where to begin; null for the beginning.</summary>
    public KeysetPosition? After { get; init; }

    /// <summary>Whether int8 and numeric become strings in JSON, for readers whose numbers are 64-bit floats.</summary>
    public bool ExactNumbers { get; init; }

    /// <summary>Makes the tokens by which a client resumes; null for none.</summary>
    public ResumeTokens? Tokens { get; init; }

    /// <summary>Whether the stream goes on with what changes after its last row.</summary>
    public bool IsLive { get; init; }

    /// <summary>
    /// The note of the snapshot that the client's token has, if the stream is live: where <see cref="After"/> is null,
    /// the client has all rows as of then. Empty if what it has is no longer good; null at the beginning.
    /// </summary>
    public string? Since { get; init; }

    /// <summary>The span with which the stream began, if the client's token names one; else null.</summary>
    public ActivityContext? Origin { get; init; }

    /// <summary>Takes note of the snapshots in which rows are read; null where nobody needs to know them.</summary>
    public ISnapshotNote? Snapshots { get; init; }

    /// <summary>Whether a client can go on after any row.</summary>
    public bool HasCheckpoints => Query.Key.Count > 0 && Tokens is not null;

    /// <summary>Whether the caller gave no key: such callers get a share of the connections.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>
    /// Asks whether the database guarantees, as it is now, that the key is unique and never null; null if it does not.
    /// </summary>
    public Func<CancellationToken, Task<bool>>? IsKeyProven { get; init; }

    /// <summary>
    /// Asked when Postgres refuses a value before the first row: which parameter it was; null if it was none.
    /// </summary>
    public Func<CancellationToken, Task<Problem?>>? WhyRefused { get; init; }

    /// <summary>What the endpoint itself tells a client of a failure; null where it says nothing of it.</summary>
    public Func<Exception, Problem?>? Describe { get; init; }
}
