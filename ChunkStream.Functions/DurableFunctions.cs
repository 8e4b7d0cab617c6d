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

    /// <inheritdoc cref="StreamEndpoints.Capabilities" />
    [Function("capabilities")]
    public IResult Capabilities(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "capabilities")] HttpRequest request)
        => endpoints.Capabilities(request);

    /// <inheritdoc cref="StreamEndpoints.PublicCapabilities" />
    [Function("public-capabilities")]
    public IResult PublicCapabilities(
        [HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "public/capabilities")] HttpRequest request)
        => endpoints.PublicCapabilities(request);
}
