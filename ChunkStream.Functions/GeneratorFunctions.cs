using ChunkStream.App;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace ChunkStream.Functions;

/// <summary>Streams from generators.</summary>
public sealed class GeneratorFunctions(StreamEndpoints endpoints)
{
    /// <inheritdoc cref="StreamEndpoints.Stream" />
    [Function("stream")]
    public IResult Stream(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "stream")] HttpRequest request)
        => endpoints.Stream(request);

    /// <inheritdoc cref="StreamEndpoints.JsonStream" />
    [Function("json-stream")]
    public IResult JsonStream(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "json-stream")] HttpRequest request)
        => endpoints.JsonStream(request);
}
