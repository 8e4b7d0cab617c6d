namespace ChunkStream.Http;

/// <summary>
/// What a platform knows about the invocation that a request belongs to. A host that ends invocations by itself sets it
/// as a feature of the request; a plain web server needs none.
/// </summary>
public interface IInvocationFeature
{
    /// <summary>The function's name. In logs and metrics it names a stream that was given no other name.</summary>
    string Name { get; }

    /// <summary>
    /// Cancelled when the platform ends the invocation: at its time limit, when the process stops, or when the client
    /// leaves. On Azure Functions the request's own token (<c>RequestAborted</c>) fires only when the client leaves.
    /// </summary>
    CancellationToken Ended { get; }
}
