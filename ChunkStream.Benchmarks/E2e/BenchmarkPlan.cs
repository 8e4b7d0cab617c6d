namespace ChunkStream.Benchmarks.E2e;

/// <summary>How a benchmark is run and written down.</summary>
/// <param name="Name">The name of its command. The file of its results is named after it.</param>
/// <param name="Title">The heading of its results.</param>
/// <param name="HowToRead">The text before the tables.</param>
/// <param name="Rounds">How often each case is measured.</param>
/// <param name="RunLimit">How long one run may take.</param>
/// <param name="Only">Names of cases and groups; empty for all.</param>
/// <param name="Output">Where the tables go; null for a file of today's date in the repository.</param>
/// <param name="CommandLine">The command line as it was typed, for the reader of the results.</param>
internal sealed record BenchmarkPlan(
    string Name,
    string Title,
    string HowToRead,
    int Rounds,
    TimeSpan RunLimit,
    IReadOnlyList<string> Only,
    string? Output,
    string CommandLine);
