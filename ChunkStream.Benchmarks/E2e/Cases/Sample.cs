namespace ChunkStream.Benchmarks.E2e.Cases;

/// <summary>One measured run.</summary>
/// <param name="Records">Rows or items, counted at the client.</param>
/// <param name="Wall">From the request to the clean end.</param>
internal sealed record Sample(long Records, TimeSpan Wall)
{
    /// <summary>Bytes of the body on the wire; null where the client does not see them.</summary>
    public long? Bytes { get; init; }

    /// <summary>From the request to the first byte of the body, of the slowest stream; null likewise.</summary>
    public TimeSpan? FirstByte { get; init; }

    /// <summary>CPU time of the server's process; null where the system does not tell.</summary>
    public TimeSpan? Cpu { get; init; }

    /// <summary>From when a message was to be sent to when it arrived; null where that is not measured.</summary>
    public Latency? SinceDue { get; init; }

    /// <summary>The same from when the writer had its answer: below zero where the message was there first.</summary>
    public Latency? SinceAnswered { get; init; }

    /// <summary>How often the database was read; null likewise.</summary>
    public long? DatabaseReads { get; init; }
}

/// <summary>How long messages took, in milliseconds.</summary>
/// <param name="Median">Half of them took no longer.</param>
/// <param name="Percentile99">99 of 100 took no longer.</param>
internal sealed record Latency(double Median, double Percentile99)
{
    /// <summary>Of some measurements, in any order.</summary>
    public static Latency Of(IEnumerable<TimeSpan> measured)
    {
        double[] sorted = [.. measured.Select(one => one.TotalMilliseconds).Order()];
        return new Latency(sorted[sorted.Length / 2], sorted[(int)(sorted.Length * 0.99)]);
    }
}
