namespace ChunkStream.Functions.Tests.Support;

/// <summary>Every await of a test has a limit, so that a hang is a failure with a line number.</summary>
internal static class Bounded
{
    /// <summary>Far more than anything here takes, even on a busy machine of two cores.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    public static Task Within(this Task task, TimeSpan? limit = null) => task.WaitAsync(limit ?? Limit);

    public static Task<T> Within<T>(this Task<T> task, TimeSpan? limit = null) => task.WaitAsync(limit ?? Limit);

    public static Task<T> Within<T>(this ValueTask<T> task, TimeSpan? limit = null) => task.AsTask().WaitAsync(limit ?? Limit);

    /// <summary>
    /// Asks again and again until the answer is yes; fails after the limit. A question counts for 250 ms at most: virtual machines
    /// stand still at times, and what is measured stood still then, too.
    /// </summary>
    public static async Task Until(Func<Task<bool>> condition, string what, TimeSpan? limit = null)
    {
        var (taken, asked) = (TimeSpan.Zero, TimeProvider.System.GetTimestamp());
        while (!await condition())
        {
            Assert.True(taken < (limit ?? Limit), $"Not within {limit ?? Limit}: {what}");
            await Task.Delay(20);
            taken += TimeSpan.FromMilliseconds(Math.Min(250, TimeProvider.System.GetElapsedTime(asked).TotalMilliseconds));
            asked = TimeProvider.System.GetTimestamp();
        }
    }
}
