namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>One call of a function.</summary>
/// <param name="Id">Its id, by which the worker brings the call and the forwarded request together.</param>
/// <param name="Function">What is called.</param>
/// <param name="Target">Path and query of the request; empty for a timer.</param>
/// <param name="Cancel">
/// Cancels it, as the host does at <c>functionTimeout</c>: the invocation's token fires, and the request goes on.
/// </param>
internal sealed record Invocation(string Id, HostedFunction Function, string Target, Action Cancel)
{
    private readonly TaskCompletionSource<StatusResult> _ended
        = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What the worker said of its end. Fails if the worker's process ended before.</summary>
    public Task<StatusResult> Ended => _ended.Task;

    internal void End(StatusResult result) => _ended.TrySetResult(result);

    internal void Fail(Exception because) => _ended.TrySetException(because);
}
