using ChunkStream.App;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace ChunkStream.Functions;

/// <summary>For load balancers and operators.</summary>
public sealed class HealthFunctions(StreamEndpoints endpoints)
{
    /// <inheritdoc cref="StreamEndpoints.Health" />
    [Function("health")]
    public IResult Health(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "health")] HttpRequest request)
        => endpoints.Health(request);
}
