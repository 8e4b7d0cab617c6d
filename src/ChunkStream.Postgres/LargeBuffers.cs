namespace ChunkStream.Postgres;

/// <summary>Has memory given back that the driver took for a row of hundreds of megabytes.</summary>
/// <remarks>
/// The driver rents it from the process's pool of arrays, which lets go of one that nobody asks for when the garbage collector
/// has gone through everything twice, a while apart. In a process that is idle that may never happen.
/// </remarks>
internal static class LargeBuffers
{
    // Longer than half of the minute for which the pool keeps an array, so that three collections are enough.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(35);
    private const int Collections = 3;

    private static int _isGivingBack;

    /// <summary>Begins to, unless that is going on.</summary>
    public static void GiveBack(TimeProvider time)
    {
        if (Interlocked.Exchange(ref _isGivingBack, 1) == 0)
            _ = GiveBackAsync(time);
    }

    private static async Task GiveBackAsync(TimeProvider time)
    {
        for (var collection = 0; collection < Collections; collection++)
        {
            await Task.Delay(Interval, time, CancellationToken.None).ConfigureAwait(false);
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }

        Volatile.Write(ref _isGivingBack, 0);
    }
}
