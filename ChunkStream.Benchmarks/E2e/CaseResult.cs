using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Report;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>What was measured of a case.</summary>
/// <param name="name">The name of the case.</param>
/// <param name="what">What the case is, in words.</param>
internal sealed class CaseResult(string name, string what)
{
    private readonly SortedDictionary<int, Sample> _samples = [];

    public string Name => name;

    public string What => what;

    /// <summary>Why it was not measured, or not to the end; null if it was.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether the machine lacks what it needs.</summary>
    public bool IsMissing { get; private set; }

    /// <summary>The most memory that its process had resident at any time; null if the system does not tell.</summary>
    public long? PeakBytes { get; set; }

    /// <summary>The measured runs, in the order of their rounds.</summary>
    public IReadOnlyCollection<Sample> Samples => _samples.Values;

    public void Add(int round, Sample sample) => _samples.Add(round, sample);

    public void Fail(string reason) => Failure = reason;

    public void Miss(string reason) => (Failure, IsMissing) = (reason, true);

    /// <summary>The median of a figure; null if a run does not have it, or there is no run.</summary>
    public double? Median(Func<Sample, double?> figure) => Medians.Of(Samples.Select(figure));

    /// <summary>
    /// How many times as long a record takes as in another case: the median over the rounds that both ran. Whatever
    /// else happens on the machine in a round happens to both.
    /// </summary>
    public double? RatioTo(CaseResult other) => Medians.Of(
        _samples.Where(sample => other._samples.ContainsKey(sample.Key))
            .Select(sample => (double?)(SecondsARecord(sample.Value) / SecondsARecord(other._samples[sample.Key]))));

    private static double SecondsARecord(Sample sample) => sample.Wall.TotalSeconds / sample.Records;
}
