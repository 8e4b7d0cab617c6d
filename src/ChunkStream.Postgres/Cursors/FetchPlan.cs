namespace ChunkStream.Postgres.Cursors;

/// <summary>
/// Decides how many rows the next FETCHes ask for, and how many of them are sent ahead: one row first, so that it
/// leaves at once; then more, as long as rows come fast; and fewer again as soon as they get slow or wide.
/// </summary>
/// <remarks>
/// Postgres puts the rows of a FETCH aside, on disk where they are more than work_mem, and sends the first of them when
/// it has the last. FETCHes that are sent can't be taken back. So the rows of one FETCH are all that can be held back,
/// and all that can be put aside, when rows that were quick and narrow become slow or wide: their number is bounded,
/// whatever came before. A FETCH costs some ten microseconds, which a hundred rows make up for.
/// </remarks>
/// <param name="fetchBytes">How many bytes of rows one FETCH aims at.</param>
/// <param name="fetchesAhead">How many FETCHes are sent ahead at most.</param>
/// <param name="timeout">How long the next row may take; null for no limit.</param>
/// <param name="isAtPosition">
/// Whether the reader has the first row already. The second row then has a FETCH of its own, too, and leaves at once.
/// </param>
internal sealed class FetchPlan(int fetchBytes, int fetchesAhead, TimeSpan? timeout = null, bool isAtPosition = false)
{
    /// <summary>The rows that a FETCH asks for at most.</summary>
    public const int MostRows = 256;

    // A row must not wait longer than this for others of its round: less than a person notices.
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(50);

    // Nobody can tell how long a single row of a FETCH took. So that the timeout never hits rows that kept to it, a
    // FETCH has only as many rows as would still be in time if each of them took this long.
    private static readonly TimeSpan SlowRow = TimeSpan.FromMilliseconds(100);

    // After a quick round, a FETCH asks for at most this many times the rows.
    private const int Growth = 16;

    // The buffer that a backend fills before it sends anything of its own accord.
    private const int BackendBufferBytes = 8192;

    private int _mostRows = MostRowsWithin(timeout);

    /// <summary>Rows that each FETCH of the current round asks for. At least 1.</summary>
    public int RowsPerFetch { get; private set; } = 1;

    /// <summary>FETCHes in the current round. At least 1.</summary>
    public int Fetches { get; private set; } = isAtPosition ? 2 : 1;

    /// <summary>Keeps to the database's own timeout, which is known only once the session has told it.</summary>
    public void KeepTo(TimeSpan? limit) => _mostRows = MostRowsWithin(limit);

    private static int MostRowsWithin(TimeSpan? limit)
        => limit is { } time ? (int)Math.Clamp(time / SlowRow, 1, MostRows) : MostRows;

    /// <summary>
    /// Whether the backend must be told to send what it has after each FETCH: its rows are too few and too narrow to
    /// fill its buffer, and would wait there for those of the next ones.
    /// </summary>
    public bool IsSentAfterEachFetch { get; private set; }

    /// <summary>Plans the next round.</summary>
    /// <param name="round">What the last round brought.</param>
    /// <param name="latest">
    /// What the last FETCH of that round brought: it is the first to show that rows have changed.
    /// </param>
    public void Next(Fetched round, Fetched latest)
    {
        var width = Math.Max(round.BytesPerRow, latest.BytesPerRow);
        var byBytes = width <= 0 ? _mostRows : Math.Min(fetchBytes / width, _mostRows);
        var inTime = Math.Min(round.RowsWithin(RoundTime), latest.RowsWithin(RoundTime));
        var byGrowth = (double)RowsPerFetch * Growth;
        RowsPerFetch = (int)Math.Max(1, Math.Min(byGrowth, Math.Min(byBytes, inTime)));

        Fetches = (int)Math.Clamp(inTime / RowsPerFetch, 1, Math.Min(fetchesAhead, Fetches * 2));
        IsSentAfterEachFetch = Fetches > 1 && RowsPerFetch * width < BackendBufferBytes;
    }
}

/// <summary>What came with one or more FETCHes.</summary>
/// <param name="Rows">The number of rows.</param>
/// <param name="Bytes">Their bytes, as Postgres sent them.</param>
/// <param name="Waited">How long we waited for Postgres. The time that our own reader took is not in it.</param>
internal readonly record struct Fetched(long Rows, long Bytes, TimeSpan Waited)
{
    /// <summary>The average size of a row; 0 where there is none.</summary>
    public double BytesPerRow => Rows == 0 ? 0 : (double)Bytes / Rows;

    /// <summary>How many rows would come in a time.</summary>
    public double RowsWithin(TimeSpan time)
        => Rows == 0 || Waited <= TimeSpan.Zero ? int.MaxValue : Math.Min(Rows * (time / Waited), int.MaxValue);

    public static Fetched operator +(Fetched one, Fetched other)
        => new(one.Rows + other.Rows, one.Bytes + other.Bytes, one.Waited + other.Waited);
}
