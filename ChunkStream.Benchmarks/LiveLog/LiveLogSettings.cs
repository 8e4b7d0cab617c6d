namespace ChunkStream.Benchmarks.LiveLog;

/// <summary>What to measure of the change log's cost to writers.</summary>
/// <param name="Rounds">Measured runs of each case on each table.</param>
/// <param name="Output">Where the tables go; null for a file of today's date in the repository.</param>
/// <param name="CommandLine">What was typed, for the reader of the results.</param>
internal sealed record LiveLogSettings(int Rounds, string? Output, string CommandLine);
