using System.Globalization;
using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Problems;

namespace ChunkStream.Postgres.Live;

/// <summary>Which failures a live stream outlives.</summary>
internal static class LiveFailures
{
    /// <summary>Whether another try may succeed: the database, or a connection to it, will be there again.</summary>
    public static bool MayPass(Exception failure)
        => failure is BusyException or LogNotReadyException || PostgresFailures.MayPass(failure);

    /// <summary>This process holds as much of live queries in memory as it may. 503.</summary>
    private static readonly Problem MemoryFull = new(
        "urn:chunkstream:live-memory-full", "Live memory full", 503,
        "This instance holds as much of live queries in memory as it may. Try again later, with the last position if "
        + "there is one: nothing is lost.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>What a client is told of a failure.</summary>
    public static Problem Describe(Exception failure) => failure switch
    {
        MustRefetchException { Reason: WatchProblem.Standby } or WatchRefusedException { IsStandby: true }
            => Problem.Unavailable("Live queries need the primary server, and this one is a standby."),
        LiveMemoryException => MemoryFull,
        MustRefetchException => Problem.Unavailable(
            "So much changes at once that the rows had to be read anew several times."),
        LargeResultException large => Problem.TooManyRows(large.Rows) with
        {
            Detail = string.Create(
                CultureInfo.InvariantCulture,
                $"This live query is run again at each change, and may give {large.Rows} rows and {large.Bytes} bytes ")
                + "at most. There is more: narrow it by its parameters.",
        },
        WatchRefusedException { MayPass: true } => Problem.Unavailable(
            "The changes of a table that this query reads can't be logged yet, because others keep it locked."),
        WatchRefusedException => Problem.BrokenQuery(
            "The changes of a table that this query reads can't be logged: the server's log says why."),
        _ => PostgresFailures.Describe(failure),
    };
}

/// <summary>
/// The change log has just begun, and transactions that began before may still commit what it does not have.
/// </summary>
internal sealed class LogNotReadyException() : Exception("The log of changes is not ready yet.");
