using Yarp.ReverseProxy.Forwarder;

namespace ChunkStream.Functions.Tests.Support.FunctionsHost;

/// <summary>One call of a function.</summary>
/// <param name="id">Its id, by which the worker brings the call and the forwarded request together.</param>
/// <param name="function">What is called.</param>
/// <param name="target">Path and query of the request; empty for a timer.</param>
/// <param name="cancel">Sends the worker the message that cancels it.</param>
internal sealed class Invocation(string id, HostedFunction function, string target, Action<string> cancel)
{
    private readonly TaskCompletionSource<StatusResult> _ended
        = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id => id;

    public HostedFunction Function => function;

    public string Target => target;

    /// <summary>What the worker said of its end. Fails if the worker's process ended before.</summary>
    public Task<StatusResult> Ended => _ended.Task;

    /// <summary>What became of the forwarded request; null until that is known, and for a timer.</summary>
    public ForwarderError? Forwarded { get; internal set; }

    /// <summary>
    /// Cancels it, as the host does at <c>functionTimeout</c>: the invocation's token fires, and the request goes on.
    /// </summary>
    public void Cancel() => cancel(id);

    internal void End(StatusResult result) => _ended.TrySetResult(result);

    internal void Fail(Exception because) => _ended.TrySetException(because);
}
