using ChunkStream.App;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace ChunkStream.Demo.Functions;

/// <summary>The functions of the demo's generators.</summary>
public sealed class DemoFunctions(StreamEndpoints endpoints)
{
    /// <summary><c>GET /stream?chunks=10&amp;intervalMs=1000</c>: lines of text.</summary>
    /// <param name="request">The request.</param>
    [Function("stream")]
    public IResult Stream(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "stream")] HttpRequest request)
        => endpoints.Generator(request, "stream");

    /// <summary><c>GET /json-stream?chunks=5&amp;intervalMs=1000</c>: JSON messages.</summary>
    /// <param name="request">The request.</param>
    [Function("json-stream")]
    public IResult JsonStream(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "json-stream")] HttpRequest request)
        => endpoints.Generator(request, "json-stream");
}
