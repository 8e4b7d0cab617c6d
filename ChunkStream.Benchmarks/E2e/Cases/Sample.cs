namespace ChunkStream.Benchmarks.E2e.Cases;

/// <summary>One measured run.</summary>
/// <param name="Records">How many rows or items the client has counted.</param>
/// <param name="Wall">The time from the request to the clean end.</param>
internal sealed record Sample(long Records, TimeSpan Wall)
{
    /// <summary>The bytes of the body on the wire; null if the client does not see them.</summary>
    public long? Bytes { get; init; }

    /// <summary>
    /// The time from the request to the first byte of the body, of the slowest stream; null if the client does not see
    /// it.
    /// </summary>
    public TimeSpan? FirstByte { get; init; }

    /// <summary>The CPU time of the server's process; null if the system does not tell.</summary>
    public TimeSpan? Cpu { get; init; }

    /// <summary>
    /// The times from when messages were to be sent to when they arrived; null if they are not measured.
    /// </summary>
    public Latency? SinceDue { get; init; }

    /// <summary>The same from when the writer had its answer. It is below zero if the message arrived first.</summary>
    public Latency? SinceAnswered { get; init; }

    /// <summary>The times from requests to the ends of their answers; null if they are not measured.</summary>
    public Latency? PerRequest { get; init; }

    /// <summary>How often the database was read; null if that is not measured.</summary>
    public long? DatabaseReads { get; init; }
}

/// <summary>How long messages or requests took, in milliseconds.</summary>
/// <param name="Median">Half of them took no longer.</param>
/// <param name="Percentile99">99 of 100 took no longer.</param>
internal sealed record Latency(double Median, double Percentile99)
{
    /// <summary>Computes them from some measurements, in any order.</summary>
    public static Latency Of(IEnumerable<TimeSpan> measured)
    {
        double[] sorted = [.. measured.Select(one => one.TotalMilliseconds).Order()];
        return new Latency(sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)]);
    }
}
