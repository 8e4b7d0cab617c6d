namespace ChunkStream.Benchmarks.E2e.Report;

/// <summary>The median of figures.</summary>
internal static class Medians
{
    /// <summary>The median; null if one of the figures is null, or if there is none.</summary>
    public static double? Of(IEnumerable<double?> figures)
    {
        // A null comes first.
        double?[] sorted = [.. figures.Order()];
        return sorted is [null, ..] or []
            ? null
            : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
