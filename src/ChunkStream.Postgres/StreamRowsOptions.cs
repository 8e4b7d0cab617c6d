using System.Runtime.CompilerServices;
using ChunkStream.Postgres;

namespace ChunkStream;

/// <summary>Options of a stream of rows.</summary>
public sealed class StreamRowsOptions : StreamResultOptions
{
    // One row more must still fit a long.
    private const long MostRows = 1_000_000_000_000;

    /// <summary>
    /// After how many rows the stream ends, as if there were no more; 1 to 10^12. Default: after the last.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside of this range.</exception>
    public long? Limit
    {
        get;
        set => field = Checked(value);
    }

    /// <summary>
    /// A stream with more rows than this fails, and never looks whole; 1 to 10^12. Default: no bound.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside of this range.</exception>
    public long? MaxRows
    {
        get;
        set => field = Checked(value);
    }

    /// <summary>
    /// How long Postgres may take for the first row, and from each row to the next; then the client is answered 504. 1
    /// ms to a week. Default: the <c>statement_timeout</c> of server, database or role.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside of this range.</exception>
    public TimeSpan? Timeout
    {
        get;
        set => field = Checked(value);
    }

    /// <summary>
    /// How long a reader may take nothing while the query holds a connection; 1 ms to a week. Then a stream with a key
    /// lets go of the connection until the reader is back, and one without fails. Default: <see
    /// cref="PostgresOptions.StallSeconds"/> with a key, <see cref="PostgresOptions.IdleSeconds"/> without.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside of this range.</exception>
    public TimeSpan? Idle
    {
        get;
        set => field = Checked(value);
    }

    /// <summary>What Postgres plans for. Default: the first row with a key, the whole result without.</summary>
    public CursorPlan? Plan { get; set; }

    private static long? Checked(long? value, [CallerMemberName] string name = "")
        => value is null or (>= 1 and <= MostRows)
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} is a number of rows from 1 to {MostRows}.");

    private static TimeSpan? Checked(TimeSpan? value, [CallerMemberName] string name = "")
        => value is null || (value >= TimeSpan.FromMilliseconds(1) && value <= TimeSpan.FromDays(7))
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} is a time from a millisecond to a week.");
}
