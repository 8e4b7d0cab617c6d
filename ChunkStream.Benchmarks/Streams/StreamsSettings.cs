namespace ChunkStream.Benchmarks.Streams;

/// <summary>What to measure of durable streams, and how often.</summary>
/// <param name="Rounds">How often each case is measured.</param>
/// <param name="Seconds">How long messages are written in the cases that write for a time.</param>
/// <param name="Megabytes">How much is read in the cases that catch up.</param>
/// <param name="Readers">How many follow a stream in the case with many.</param>
/// <param name="Only">Names of cases and groups; empty for all.</param>
/// <param name="Output">Where the tables go; null for a file of today's date in the repository.</param>
/// <param name="CommandLine">The command line as it was typed, for the reader of the results.</param>
internal sealed record StreamsSettings(
    int Rounds,
    int Seconds,
    int Megabytes,
    int Readers,
    IReadOnlyList<string> Only,
    string? Output,
    string CommandLine);
