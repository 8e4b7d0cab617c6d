namespace ChunkStream.Postgres;

/// <summary>What Postgres plans a query's cursor for.</summary>
public enum CursorPlan
{
    /// <summary>
    /// The first rows come soonest. The default for queries with a key, which are begun anew wherever they are resumed.
    /// </summary>
    FirstRow,

    /// <summary>The last row comes soonest. The default for queries without a key.</summary>
    Whole,
}
