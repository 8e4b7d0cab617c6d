namespace ChunkStream.Postgres.Live.Changes;

/// <summary>How long and how large the log of a watch may be.</summary>
/// <param name="Retention">How long changes stay at least, if there are not too many.</param>
/// <param name="Bytes">How large a log becomes at most, about; older changes then stay for less time.</param>
internal sealed record ChangeLogLimits(TimeSpan Retention, long Bytes)
{
    // Three slots, of which one is emptied when another begins.
    private const int Slots = 3;

    /// <summary>Ten minutes, or 256 MiB.</summary>
    public static ChangeLogLimits Default { get; } = new(TimeSpan.FromMinutes(10), 256L * 1024 * 1024);

    /// <summary>How long the triggers go on to write when nobody renews that.</summary>
    public int LeaseSeconds => Math.Max(1, (int)(2 * Retention.TotalSeconds));

    /// <summary>How long one slot is written to: two turns are the retention.</summary>
    public int TurnSeconds => Math.Max(1, (int)Math.Ceiling(Retention.TotalSeconds / (Slots - 1)));

    /// <summary>How large one slot becomes.</summary>
    public long TurnBytes => Bytes / Slots;
}
