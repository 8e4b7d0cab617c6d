namespace ChunkStream.Postgres;

/// <summary>
/// Decides how many rows the next FETCHes ask for, and how many of them are sent ahead: one row first, so that it
/// leaves at once; then larger ones, as fast as the rows prove to come.
/// </summary>
/// <remarks>
/// Postgres hands out the rows of a FETCH only when it has all of them, so a FETCH must not ask for more than comes in
/// a moment: a query that makes a row a second is fetched row by row, one that scans a table by thousands.
/// </remarks>
internal sealed class FetchPlan(int fetchBytes, int fetchesAhead)
{
    // A row must not wait longer than this for others of its round: less than a person notices.
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(50);

    // From one round to the next, while nothing is known but that the last one was quick.
    private const int Growth = 16;

    private long _rows;
    private long _bytes;

    /// <summary>Rows that each FETCH of the current round asks for. At least 1.</summary>
    public int RowsPerFetch { get; private set; } = 1;

    /// <summary>FETCHes in the current round. At least 1.</summary>
    public int Fetches { get; private set; } = 1;

    /// <summary>Plans the next round from what the last one brought.</summary>
    /// <param name="rows">Its rows.</param>
    /// <param name="bytes">Their bytes, as Postgres sent them.</param>
    /// <param name="waited">How long we waited for Postgres in it. The time that our own reader took is not in it.</param>
    public void Next(long rows, long bytes, TimeSpan waited)
    {
        _rows += rows;
        _bytes += bytes;

        var byGrowth = Math.Min((long)RowsPerFetch * Growth, int.MaxValue);
        var byBytes = _rows == 0 ? byGrowth : (long)(fetchBytes / Math.Max(1.0, (double)_bytes / _rows));
        var byTime = waited <= TimeSpan.Zero ? int.MaxValue : Math.Min((long)(rows * (RoundTime / waited)), int.MaxValue);
        RowsPerFetch = (int)Math.Max(1, Math.Min(byGrowth, Math.Min(byBytes, byTime)));

        // As many as come in time; nobody can take back what is sent.
        Fetches = (int)Math.Clamp(byTime / RowsPerFetch, 1, Math.Min(fetchesAhead, Fetches * 2));
    }
}
