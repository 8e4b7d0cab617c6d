namespace ChunkStream.Streaming;

/// <summary>Waits for a task for a limited time.</summary>
internal static class TaskLimit
{
    /// <summary>
    /// Waits until a task has completed, successfully or not, or the limit is over, and tells whether it has completed.
    /// </summary>
    /// <remarks>
    /// <see cref="Task.WaitAsync(TimeSpan, TimeProvider, CancellationToken)"/> alone is not enough: it may throw a
    /// TimeoutException although the task has completed meanwhile, and that exception looks like one of the task
    /// itself.
    /// </remarks>
    /// <exception cref="OperationCanceledException">The token was cancelled before the task completed.</exception>
    public static async ValueTask<bool> CompletesWithinAsync(
        this Task task, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        await task.WaitAsync(limit, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (task.IsCompleted)
            return true;
        cancellation.ThrowIfCancellationRequested();
        return false;
    }
}
