using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>Durable streams over HTTP: the Durable Streams protocol, its sections 4, 5 and 8 to 10.</summary>
/// <param name="methods">What a client may do with a stream.</param>
/// <param name="engine">The engine, which all streams share.</param>
/// <param name="options">The settings.</param>
/// <param name="log">Logs requests that fail.</param>
internal sealed class DurableEndpoint(
    IEnumerable<DurableMethod> methods,
    StreamEngine engine,
    IOptions<DurableStreamOptions> options,
    DurableRequestLog log)
{
    /// <summary>The parameter of the route that has the stream's path.</summary>
    public const string PathParameter = "path";

    private readonly Dictionary<string, DurableMethod> _methods = methods.ToDictionary(method => method.Name);

    /// <summary>The settings.</summary>
    public DurableStreamOptions Options => options.Value;

    /// <summary>What a request to a stream is answered with.</summary>
    /// <param name="request">The request.</param>
    /// <param name="place">The endpoint at which it came.</param>
    /// <param name="refused">Why the app refuses it, or null.</param>
    public IResult Answer(HttpRequest request, DurablePlace place, Problem? refused = null)
    {
        var target = new DurableTarget(DurablePath.From(request), place);
        if ((refused ?? DurablePath.Check(request, target.Path)) is { } problem)
            return new DurableResult(target, (_, _, _) => throw new ProblemException(problem), engine, log);
        return _methods.TryGetValue(request.Method, out var method) && !(method.Writes && place.IsPublic)
            ? new DurableResult(target, method.AnswerAsync, engine, log)
            : TypedResults.StatusCode(StatusCodes.Status405MethodNotAllowed);
    }
}

/// <summary>Which stream a request is for.</summary>
/// <param name="Path">The stream's path.</param>
/// <param name="Place">The endpoint at which it came.</param>
internal sealed record DurableTarget(string Path, DurablePlace Place);
