namespace ChunkStream.Streaming;

/// <summary>Waiting for a task for a limited time.</summary>
internal static class TaskLimit
{
    /// <summary>Waits until a task has completed, in whichever way, or the limit is over: whether it has completed.</summary>
    /// <remarks>
    /// <see cref="Task.WaitAsync(TimeSpan, TimeProvider, CancellationToken)"/> alone throws a TimeoutException also where the task completes
    /// after the limit and before its caller hears of that, and such an exception looks like one of the task's own.
    /// </remarks>
    /// <exception cref="OperationCanceledException">The token was cancelled, and the task has not completed.</exception>
    public static async ValueTask<bool> CompletesWithinAsync(this Task task, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        await task.WaitAsync(limit, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (task.IsCompleted)
            return true;
        cancellation.ThrowIfCancellationRequested();
        return false;
    }
}
