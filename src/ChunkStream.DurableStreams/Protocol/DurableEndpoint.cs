using ChunkStream.DurableStreams.Access;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>Durable streams over HTTP: the Durable Streams protocol, its sections 4, 5 and 8 to 10.</summary>
/// <param name="methods">What a client may do with a stream.</param>
/// <param name="access">Finds out who may do what, where the app leaves that to us.</param>
/// <param name="engine">The engine, which all streams share.</param>
/// <param name="log">Logs requests that fail.</param>
internal sealed class DurableEndpoint(
    IEnumerable<DurableMethod> methods, DurableAccess access, StreamEngine engine, DurableRequestLog log)
{
    /// <summary>The parameter of the route that has the stream's path.</summary>
    public const string PathParameter = "path";

    private readonly Dictionary<string, DurableMethod> _methods = methods.ToDictionary(method => method.Name);

    /// <summary>What a request to a stream is answered with.</summary>
    /// <param name="request">The request.</param>
    /// <param name="place">The endpoint at which it came.</param>
    public IResult Answer(HttpRequest request, DurablePlace place)
        => _methods.TryGetValue(request.Method, out var method)
            ? new DurableResult(DurablePath.From(request), place, method, access, engine, log)
            : TypedResults.StatusCode(StatusCodes.Status405MethodNotAllowed);
}

/// <summary>Which stream a request is for.</summary>
/// <param name="Path">The stream's path, which was checked.</param>
/// <param name="Place">The endpoint at which it came.</param>
/// <param name="Rights">What the request may do.</param>
internal sealed record DurableTarget(string Path, DurablePlace Place, DurableRights Rights)
{
    /// <summary>Refuses the request if it may not do something with the stream.</summary>
    /// <exception cref="ChunkStream.Problems.ProblemException">It may not.</exception>
    public void Require(DurableOperations needed) => Rights.Require(needed, Path);
}
