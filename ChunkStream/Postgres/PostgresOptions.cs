using System.ComponentModel.DataAnnotations;

namespace ChunkStream.Postgres;

/// <summary>The knobs of streaming from Postgres: configuration section <c>ChunkStream:Postgres</c>.</summary>
public sealed class PostgresOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ChunkStream:Postgres";

    private const string Identifier = """([A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*|"([^"\u0000]|"")+")""";

    /// <summary>
    /// The table, view or materialized view that <c>/db-stream</c> serves, as SQL spells it: <c>large_table</c>,
    /// <c>sales.orders</c>, <c>"Mixed Case"</c>. Default <c>large_table</c>, which the local host creates.
    /// </summary>
    [Required]
    [RegularExpression(Identifier + @"(\." + Identifier + ")?", ErrorMessage =
        "ChunkStream:Postgres:Table must name a table as SQL spells it, such as large_table, sales.orders or \"Mixed Case\".")]
    public string Table { get; set; } = "large_table";

    /// <summary>
    /// How many bytes of rows one FETCH aims at. 1 KiB to 16 MiB, default 256 KiB: Postgres keeps the rows of a FETCH in
    /// memory until the last is there, so this must stay well under its work_mem (4 MB by default), and small FETCHes
    /// stay in the processor's cache.
    /// </summary>
    [Range(1024, 16 * 1024 * 1024)]
    public int FetchBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// How many FETCHes are sent ahead at most. 1–64, default 16: while we write the rows of one, the backend works on
    /// the next; 16 FETCHes of 256 KiB hide a network round trip of tens of milliseconds.
    /// </summary>
    [Range(1, 64)]
    public int FetchesAhead { get; set; } = 16;

    /// <summary>
    /// How many seconds to wait for a free connection of the pool, or for a new one. 1–300, default 15, after which a
    /// client gets 503.
    /// </summary>
    [Range(1, 300)]
    public int ConnectSeconds { get; set; } = 15;
}
