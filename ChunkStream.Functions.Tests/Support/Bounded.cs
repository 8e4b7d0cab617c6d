namespace ChunkStream.Functions.Tests.Support;

/// <summary>Every await of a test has a limit, so that a hang is a failure with a line number.</summary>
internal static class Bounded
{
    /// <summary>Far more than anything here takes, even on a busy machine of two cores.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The limit of HTTP clients for what no other limit bounds. Their time goes on while a virtual machine stands
    /// still.
    /// </summary>
    public static readonly TimeSpan ClientLimit = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static async Task Within(this Task task, TimeSpan? limit = null)
    {
        var patience = new Patience(limit ?? Limit);
        while (!task.IsCompleted)
        {
            if (patience.IsOver())
                throw new TimeoutException($"Not within {patience.Limit}.");
            await task.WaitAsync(Look).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await task;
    }

    public static async Task<T> Within<T>(this Task<T> task, TimeSpan? limit = null)
    {
        await ((Task)task).Within(limit);
        return await task;
    }

    public static Task<T> Within<T>(this ValueTask<T> task, TimeSpan? limit = null) => task.AsTask().Within(limit);

    /// <summary>Asks again and again until the answer is yes; fails after the limit.</summary>
    public static async Task Until(Func<Task<bool>> condition, string what, TimeSpan? limit = null)
    {
        var patience = new Patience(limit ?? Limit);
        while (!await condition())
        {
            Assert.False(patience.IsOver(), $"Not within {patience.Limit}: {what}");
            await Task.Delay(20);
        }
    }

    /// <summary>
    /// A time limit. The time between two looks at it counts as at most 250 ms, and at most as a twentieth of the
    /// limit: when a virtual machine stands still, the code under test stands still, too.
    /// </summary>
    private sealed class Patience(TimeSpan limit)
    {
        private readonly TimeSpan _most = TimeSpan.FromMilliseconds(Math.Min(250, limit.TotalMilliseconds / 20));
        private TimeSpan _taken;
        private long _looked = TimeProvider.System.GetTimestamp();

        public TimeSpan Limit => limit;

        /// <summary>Looks at it.</summary>
        public bool IsOver()
        {
            var since = TimeProvider.System.GetElapsedTime(_looked);
            _looked = TimeProvider.System.GetTimestamp();
            _taken += since < _most ? since : _most;
            return _taken > limit;
        }
    }
}
