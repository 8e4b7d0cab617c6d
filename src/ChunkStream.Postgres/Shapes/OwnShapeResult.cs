using ChunkStream.Http;
using ChunkStream.Postgres.Queries;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Postgres.Shapes;

/// <summary>
/// A response that follows a live query in a protocol of others, at an endpoint of the app's own. A parameter that
/// neither the protocol nor the query has is a mistake there, too: without it there would be other rows.
/// </summary>
/// <param name="name">The query's name.</param>
/// <param name="endpoint">The endpoint's name; null for the one that it has.</param>
/// <param name="values">The values of parameters that the endpoint gives itself.</param>
/// <param name="read">Reads the protocol's part of a request.</param>
internal sealed class OwnShapeResult(
    string name, string? endpoint, IDictionary<string, object?> values, ReadDialect read) : IResult
{
    /// <inheritdoc />
    /// <exception cref="InvalidOperationException">
    /// The app lacks <c>AddQueries()</c>, or gives a value that the query does not take from it.
    /// </exception>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var place = new QueryPlace(endpoint ?? EndpointName.From(httpContext)) { Values = values };
        return ShapeEndpoint.From(httpContext).Answer(name, place, read).ExecuteAsync(httpContext);
    }
}
