using ChunkStream.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace ChunkStream.Functions;

/// <summary>Streams from Postgres.</summary>
public sealed class DatabaseFunctions(StreamEndpoints endpoints)
{
    /// <inheritdoc cref="StreamEndpoints.DbStream" />
    [Function("db-stream")]
    public IResult DbStream(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "db-stream")] HttpRequest request, CancellationToken cancellation)
        => endpoints.DbStream(request, cancellation);
}
