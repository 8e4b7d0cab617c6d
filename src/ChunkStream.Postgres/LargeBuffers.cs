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

    // How many collections are still to come.
    private static int _left;

    /// <summary>Begins to; what is going on begins anew, since it may be too far for a row that has just come.</summary>
    public static void GiveBack(TimeProvider time)
    {
        if (Interlocked.Exchange(ref _left, Collections) == 0)
            _ = GiveBackAsync(time);
    }

    private static async Task GiveBackAsync(TimeProvider time)
    {
        do
        {
            await Task.Delay(Interval, time, CancellationToken.None).ConfigureAwait(false);
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
        while (Interlocked.Decrement(ref _left) > 0);
    }
}
