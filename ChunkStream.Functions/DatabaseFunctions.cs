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
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "db-stream")] HttpRequest request)
        => endpoints.DbStream(request);

    /// <inheritdoc cref="StreamEndpoints.Queries" />
    [Function("queries")]
    public IResult Queries(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "queries")] HttpRequest request)
        => endpoints.Queries(request);

    /// <inheritdoc cref="StreamEndpoints.OpenApi" />
    [Function("openapi")]
    public IResult OpenApi(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "openapi.json")] HttpRequest request)
        => endpoints.OpenApi(request);

    /// <inheritdoc cref="StreamEndpoints.Query" />
    [Function("query")]
    public IResult Query(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", "post", Route = "queries/{name}")]
        HttpRequest request)
        => endpoints.Query(request);

    /// <inheritdoc cref="StreamEndpoints.PublicQuery" />
    [Function("public-query")]
    public IResult PublicQuery(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", "post", Route = "public/queries/{name}")]
        HttpRequest request)
        => endpoints.PublicQuery(request);

    /// <inheritdoc cref="StreamEndpoints.Shape" />
    [Function("shape")]
    public IResult Shape(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "shapes/{name}")] HttpRequest request)
        => endpoints.Shape(request);

    /// <inheritdoc cref="StreamEndpoints.PublicShape" />
    [Function("public-shape")]
    public IResult PublicShape(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "public/shapes/{name}")] HttpRequest request)
        => endpoints.PublicShape(request);

    /// <inheritdoc cref="StreamEndpoints.State" />
    [Function("state")]
    public IResult State(
        [HttpTrigger(AuthorizationLevel.Function, "get", "head", Route = "states/{name}")] HttpRequest request)
        => endpoints.State(request);

    /// <inheritdoc cref="StreamEndpoints.PublicState" />
    [Function("public-state")]
    public IResult PublicState(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", Route = "public/states/{name}")] HttpRequest request)
        => endpoints.PublicState(request);
}
