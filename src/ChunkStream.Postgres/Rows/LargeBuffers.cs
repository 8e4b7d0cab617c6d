namespace ChunkStream.Postgres.Rows;

/// <summary>Gives memory back to the system that the driver took for rows of many megabytes.</summary>
/// <remarks>
/// The driver rents it from the process's pool of arrays, and so does the server for what it sends. When the garbage
/// collector has gone through everything, that pool lets go of what nobody has asked for in a while, but only of one
/// array for each size and processor. A process that is at work collects by itself; in one that is idle it may never
/// happen.
/// </remarks>
internal static class LargeBuffers
{
    /// <summary>
    /// From this size on, a row's buffer is worth giving back. The smaller ones of a pool of 50 connections take two
    /// hundred megabytes together at worst.
    /// </summary>
    public const int Bytes = 4 * 1024 * 1024;

    // Longer than half of the minute for which the pool keeps an array. After three collections that give back nothing,
    // there is nothing left to give.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(35);
    private const int VainCollections = 3;

    private static int _isGivingBack;
    private static int _isUsedAgain;

    /// <summary>Gives the memory back once no such buffer has been used for a while.</summary>
    public static void GiveBack(TimeProvider time)
    {
        Volatile.Write(ref _isUsedAgain, 1);
        if (Interlocked.Exchange(ref _isGivingBack, 1) == 0)
            _ = GiveBackAsync(time);
    }

    private static async Task GiveBackAsync(TimeProvider time)
    {
        for (var (vain, least) = (0, long.MaxValue); vain < VainCollections;)
        {
            await Task.Delay(Interval, time, CancellationToken.None).ConfigureAwait(false);
            if (Interlocked.Exchange(ref _isUsedAgain, 0) == 1)
            {
                (vain, least) = (0, long.MaxValue);
                continue;
            }

            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            var bytes = GC.GetTotalMemory(forceFullCollection: false);
            vain = bytes > least - Bytes ? vain + 1 : 0;
            least = Math.Min(least, bytes);
        }

        Volatile.Write(ref _isGivingBack, 0);
        if (Volatile.Read(ref _isUsedAgain) == 1)
            GiveBack(time);
    }
}
