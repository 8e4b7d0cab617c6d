namespace ChunkStream.Benchmarks.E2e;

/// <summary>What to measure, and how often.</summary>
/// <param name="Rows">How many rows the table has that all contestants read.</param>
/// <param name="Rounds">How often each case is measured.</param>
/// <param name="Concurrent">How many streams are read at once in the case <c>concurrent</c>.</param>
/// <param name="Large">Whether ten million rows are streamed, too.</param>
/// <param name="Only">Names of cases and groups; empty for all.</param>
/// <param name="Output">Where the tables go; null for a file of today's date in the repository.</param>
/// <param name="CommandLine">The command line as it was typed, for the reader of the results.</param>
internal sealed record E2eSettings(
    long Rows,
    int Rounds,
    int Concurrent,
    bool Large,
    IReadOnlyList<string> Only,
    string? Output,
    string CommandLine)
{
    /// <summary>
    /// How long one run may take. The slowest peer needs 30 µs a row on a small machine, and each may start slowly.
    /// </summary>
    public TimeSpan RunLimit { get; } =
        TimeSpan.FromMinutes(2) + TimeSpan.FromMicroseconds(100 * Math.Max(Rows, LeastRowsOfLimit));

    // Some cases have this many records, however few rows are asked for.
    private const long LeastRowsOfLimit = 10_000_000;
}
