using ChunkStream.App;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace ChunkStream.Functions;

/// <summary>Durable streams.</summary>
public sealed class DurableFunctions(StreamEndpoints endpoints)
{
    /// <inheritdoc cref="StreamEndpoints.Streams" />
    [Function("streams")]
    public IResult Streams(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", "put", "post", "delete", Route = "streams/{*path}")]
        HttpRequest request)
        => endpoints.Streams(request);

    /// <inheritdoc cref="StreamEndpoints.PublicStreams" />
    [Function("public-streams")]
    public IResult PublicStreams(
        [HttpTrigger(
            AuthorizationLevel.Anonymous, "get", "head", "put", "post", "delete", Route = "public/streams/{*path}")]
        HttpRequest request)
        => endpoints.PublicStreams(request);
}
