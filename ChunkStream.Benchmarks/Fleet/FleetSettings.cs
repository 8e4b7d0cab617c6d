namespace ChunkStream.Benchmarks.Fleet;

/// <summary>How much is going on while instances are replaced.</summary>
/// <param name="Streams">How many streams are open.</param>
/// <param name="Output">Where the table goes; null for a file of today's date in the repository.</param>
/// <param name="CommandLine">What was typed, for the reader of the results.</param>
internal sealed record FleetSettings(int Streams, string? Output, string CommandLine);
