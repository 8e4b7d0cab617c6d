using ChunkStream.Postgres.Failures;
using ChunkStream.Postgres.Rows;

namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// Decides whether a stream goes on with another cursor after a failure, and when. As long as no row comes, the number
/// of tries is limited.
/// </summary>
/// <param name="run">The run of the query.</param>
internal sealed class CursorRetries(QueryRun run)
{
    // The pauses are 0.1, 0.5 and 2.5 seconds: a conflict is over at once, and a server restarts within a few seconds.
    private const int MostFailures = 3;
    private const double PauseGrowth = 5;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private long _rowsAtFailure = -1;
    private int _failures;

    /// <summary>How often the stream went on after a failure.</summary>
    public int Count { get; private set; }

    /// <summary>The last failure after which it went on; null if there was none.</summary>
    public Exception? LastFailure { get; private set; }

    /// <summary>
    /// Whether the stream can go on after a failure. Before the first row the client can be told to try again, and why,
    /// so only what may succeed at once is tried again here. Once rows are written, a stream with a key goes on after
    /// the last of them.
    /// </summary>
    /// <param name="failure">The failure.</param>
    /// <param name="rows">How many rows the whole stream has had.</param>
    public bool CanGoOnAfter(Exception failure, long rows)
        => (rows != _rowsAtFailure || _failures < MostFailures)
            && (rows == (run.After?.Rows ?? 0)
                ? PostgresFailures.IsConflict(failure)
                : run.Query.Key.Count > 0 && PostgresFailures.MayPass(failure));

    /// <summary>Counts a failure after which the stream goes on.</summary>
    /// <returns>How long to wait before that.</returns>
    public TimeSpan Next(Exception failure, long rows)
    {
        if (rows != _rowsAtFailure)
            (_rowsAtFailure, _failures) = (rows, 0);
        (Count, LastFailure) = (Count + 1, failure);
        return FirstPause * Math.Pow(PauseGrowth, _failures++);
    }
}
