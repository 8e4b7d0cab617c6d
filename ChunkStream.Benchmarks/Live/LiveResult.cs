using ChunkStream.Benchmarks.E2e.Cases;

namespace ChunkStream.Benchmarks.Live;

/// <summary>What was measured of a case.</summary>
/// <param name="Case">The case.</param>
/// <param name="Changes">How many changes were committed.</param>
/// <param name="Delay">From the commit to the change at a reader.</param>
/// <param name="Looks">How often the log was looked at, for all readers together: once in each step, too.</param>
/// <param name="ServerCpu">The share of a processor that each instance took, on average.</param>
internal sealed record LiveResult(LiveCase Case, int Changes, Latency Delay, long Looks, double? ServerCpu);
