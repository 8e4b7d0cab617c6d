namespace ChunkStream.Benchmarks.Cold;

/// <summary>What to measure of a function app's start.</summary>
/// <param name="Rounds">Measured starts of each app for each request.</param>
/// <param name="Published">The folder of an app that was published; null to publish the repository's.</param>
/// <param name="Output">Where the tables go; null for a file of today's date in the repository.</param>
/// <param name="CommandLine">What was typed, for the reader of the results.</param>
internal sealed record ColdSettings(int Rounds, string? Published, string? Output, string CommandLine);
