namespace ChunkStream.Http;

/// <summary>
/// What a platform knows of the call that a request is. A host that ends calls by itself sets it as a feature of the
/// request; a plain web server needs none.
/// </summary>
public interface IInvocationFeature
{
    /// <summary>The function's name. It names a stream, in logs and metrics, that was given no name.</summary>
    string Name { get; }

    /// <summary>
    /// Cancelled when the platform ends the call: at its time limit, when the process stops, and when the client leaves.
    /// On Azure Functions the request's own token fires at the last of these only.
    /// </summary>
    CancellationToken Ended { get; }
}
