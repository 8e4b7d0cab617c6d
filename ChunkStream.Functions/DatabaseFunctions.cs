using ChunkStream.App;
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

    /// <inheritdoc cref="StreamEndpoints.Queries" />
    [Function("queries")]
    public IResult Queries(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "queries")] HttpRequest request, CancellationToken cancellation)
        => endpoints.Queries(request, cancellation);

    /// <inheritdoc cref="StreamEndpoints.Query" />
    [Function("query")]
    public IResult Query(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "queries/{name}")] HttpRequest request, CancellationToken cancellation)
        => endpoints.Query(request, cancellation);

    /// <inheritdoc cref="StreamEndpoints.PublicQuery" />
    [Function("public-query")]
    public IResult PublicQuery(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "public/queries/{name}")] HttpRequest request, CancellationToken cancellation)
        => endpoints.PublicQuery(request, cancellation);
}
