namespace ChunkStream.Postgres.Rows;

/// <summary>Gives memory back to the system that the driver took for rows of many megabytes.</summary>
/// <remarks>
/// The driver rents it from the process's pool of arrays, and so does the server for what it sends. When the garbage
/// collector has gone through everything, that pool lets go of what nobody has asked for in a while, but only of one
/// array for each size and processor. A process that is at work collects by itself; in one that is idle it may never
/// happen.
/// </remarks>
/// <param name="collect">Collects garbage, and gives the number of bytes that are in use after it.</param>
internal sealed class LargeBuffers(Func<long> collect)
{
    /// <summary>
    /// From this size on, a row's buffer is worth giving back. The smaller ones of a pool of 50 connections take two
    /// hundred megabytes together at worst.
    /// </summary>
    public const int Bytes = 4 * 1024 * 1024;

    /// <summary>
    /// How long no such buffer must have been used before a collection. Longer than half of the minute for which the
    /// pool keeps an array.
    /// </summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(35);

    // After so many collections in a row that give back nothing, there is nothing left to give.
    private const int VainCollections = 3;

    private int _isGivingBack;
    private int _isUsedAgain;

    /// <summary>Those of the process.</summary>
    public static LargeBuffers OfProcess { get; } = new(Collect);

    /// <summary>Notes that such a buffer was used. Gives memory back once none has been used for a while.</summary>
    public void Used(TimeProvider time)
    {
        Volatile.Write(ref _isUsedAgain, 1);
        if (Interlocked.Exchange(ref _isGivingBack, 1) == 0)
            _ = GiveBackAsync(time);
    }

    private async Task GiveBackAsync(TimeProvider time)
    {
        for (var (vain, least) = (0, long.MaxValue); vain < VainCollections;)
        {
            await Task.Delay(Interval, time, CancellationToken.None).ConfigureAwait(false);
            if (Interlocked.Exchange(ref _isUsedAgain, 0) == 1)
            {
                (vain, least) = (0, long.MaxValue);
                continue;
            }

            var bytes = collect();
            vain = bytes > least - Bytes ? vain + 1 : 0;
            least = Math.Min(least, bytes);
        }

        Volatile.Write(ref _isGivingBack, 0);
        if (Volatile.Read(ref _isUsedAgain) == 1)
            Used(time);
    }

    private static long Collect()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalMemory(forceFullCollection: false);
    }
}
