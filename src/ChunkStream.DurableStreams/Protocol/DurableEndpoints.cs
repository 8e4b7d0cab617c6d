using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>Durable streams over HTTP: the Durable Streams protocol, its sections 4, 5 and 8 to 10.</summary>
internal sealed class DurableEndpoints(
    DurableStore store, AppendRoom room, LiveStreams live, StreamEngine engine, IOptions<DurableOptions> options, ILogger<DurableEndpoints> logger)
{
    public DurableStore Store => store;

    public AppendRoom Room => room;

    public LiveStreams Live => live;

    public StreamEngine Engine => engine;

    public DurableOptions Options => options.Value;

    public DurableRequestLog Log { get; } = new(logger, engine.Time);

    /// <summary>What a request to a stream is answered with.</summary>
    /// <param name="request">The request.</param>
    /// <param name="isPublic">Whether it needed no key.</param>
    public IResult Handle(HttpRequest request, bool isPublic)
    {
        var call = new DurableCall(this, StreamPath.Of(request), isPublic);
        if (isPublic && !Options.PublicReading)
            return new RefusedResult(call, DurableProblems.NotPublic);
        if (call.PathProblem is { } problem)
            return new RefusedResult(call, problem);

        return request.Method switch
        {
            "GET" => new ReadResult(call),
            "HEAD" => new HeadResult(call),
            "PUT" => new PutResult(call),
            "POST" => new PostResult(call),
            "DELETE" => new DeleteResult(call),
            _ => TypedResults.StatusCode(StatusCodes.Status405MethodNotAllowed),
        };
    }
}

/// <summary>One request to a stream.</summary>
/// <param name="endpoints">What all of them share.</param>
/// <param name="path">The stream's path, or what is wrong with it.</param>
/// <param name="isPublic">Whether the request needed no key.</param>
internal sealed class DurableCall(DurableEndpoints endpoints, (string Path, Problem? Problem) path, bool isPublic)
{
    public DurableStore Store => endpoints.Store;

    public AppendRoom Room => endpoints.Room;

    public LiveStreams Live => endpoints.Live;

    public StreamEngine Engine => endpoints.Engine;

    public DurableOptions Options => endpoints.Options;

    public DurableRequestLog Log => endpoints.Log;

    public string Path => path.Path;

    public Problem? PathProblem => path.Problem;

    public bool IsPublic => isPublic;

    /// <summary>The endpoint's name, for the log.</summary>
    public string Name => isPublic ? "public-streams" : "streams";
}
