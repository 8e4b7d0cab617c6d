using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>Durable streams over HTTP: the Durable Streams protocol, its sections 4, 5 and 8 to 10.</summary>
internal sealed class DurableEndpoint(
    DurableStore store, AppendRoom room, LiveStreams live, StreamEngine engine, IOptions<DurableStreamOptions> options, ILogger<DurableEndpoint> logger)
{
    public DurableStore Store => store;

    public AppendRoom Room => room;

    public LiveStreams Live => live;

    public StreamEngine Engine => engine;

    public DurableRequestLog Log { get; } = new(logger, engine.Time);

    /// <summary>The parameter of the route that has the stream's path.</summary>
    public const string PathParameter = "path";

    /// <summary>The settings.</summary>
    public DurableStreamOptions Options => options.Value;

    /// <summary>What a request to a stream is answered with.</summary>
    /// <param name="request">The request.</param>
    /// <param name="place">The endpoint at which it came.</param>
    /// <param name="refused">Why the app refuses it, or null.</param>
    public IResult Answer(HttpRequest request, DurablePlace place, Problem? refused = null)
    {
        var call = new DurableCall(this, DurablePath.Of(request), place);
        if ((refused ?? call.PathProblem) is { } problem)
            return new RefusedResult(call, problem);

        return request.Method switch
        {
            "GET" => new ReadResult(call),
            "HEAD" => new HeadResult(call),
            "PUT" when !place.IsPublic => new PutResult(call),
            "POST" when !place.IsPublic => new PostResult(call),
            "DELETE" when !place.IsPublic => new DeleteResult(call),
            _ => TypedResults.StatusCode(StatusCodes.Status405MethodNotAllowed),
        };
    }
}

/// <summary>One request to a stream.</summary>
/// <param name="endpoints">What all of them share.</param>
/// <param name="path">The stream's path, or what is wrong with it.</param>
/// <param name="place">The endpoint at which it came.</param>
internal sealed class DurableCall(DurableEndpoint endpoints, (string Path, Problem? Problem) path, DurablePlace place)
{
    public DurableStore Store => endpoints.Store;

    public AppendRoom Room => endpoints.Room;

    public LiveStreams Live => endpoints.Live;

    public StreamEngine Engine => endpoints.Engine;

    public DurableStreamOptions Options => endpoints.Options;

    public DurableRequestLog Log => endpoints.Log;

    public string Path => path.Path;

    public Problem? PathProblem => path.Problem;

    public bool IsPublic => place.IsPublic;

    /// <summary>The endpoint's name, for the log.</summary>
    public string Name => place.Name;
}
