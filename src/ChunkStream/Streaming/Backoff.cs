namespace ChunkStream.Streaming;

/// <summary>How long to wait after a number of failures in a row.</summary>
internal static class Backoff
{
    private const double FirstMilliseconds = 100;

    /// <summary>
    /// Twice as long each time, up to a limit, and varied at random, so that callers don't come back together.
    /// </summary>
    public static TimeSpan Compute(int failures, TimeSpan longest)
    {
        var milliseconds = Math.Min(
            FirstMilliseconds * Math.Pow(2, Math.Min(failures, 30) - 1), longest.TotalMilliseconds);
#pragma warning disable CA5394 // It only has to differ.
        return TimeSpan.FromMilliseconds(milliseconds * (0.75 + (Random.Shared.NextDouble() / 2)));
#pragma warning restore CA5394
    }
}
