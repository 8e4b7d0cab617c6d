using ChunkStream.Benchmarks.E2e.Cases;

namespace ChunkStream.Benchmarks.E2e.Report;

/// <summary>A group and its results.</summary>
internal sealed record ResultTable(CaseGroup Group, IReadOnlyList<CaseResult> Results)
{
    /// <summary>Whether a case failed. A peer that is missing is not a failure.</summary>
    public bool HasFailures => Results.Any(result => result is { Failure: not null, IsMissing: false });

    /// <summary>The baselines that were measured.</summary>
    public IReadOnlyList<CaseResult> Baselines =>
        [.. Results.Where(result => Group.Baselines.Contains(result.Name) && result.Samples.Count > 0)];
}
