using ChunkStream.Http;
using ChunkStream.Postgres.Queries;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Postgres.Shapes;

/// <summary>
/// A response that follows a live query in a protocol of others, at an endpoint of the app's own. A parameter that
/// neither the protocol nor the query has is a mistake there, too: without it there would be other rows.
/// </summary>
/// <param name="name">The query's name.</param>
/// <param name="options">The options that the app gave.</param>
/// <param name="read">Reads the protocol's part of a request.</param>
internal sealed class OwnShapeResult(string name, StreamShapeOptions options, ReadDialect read) : IResult
{
    /// <inheritdoc />
    /// <exception cref="InvalidOperationException">
    /// The app lacks <c>AddQueries()</c>, or gives a value that the query does not take from it.
    /// </exception>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var place = new QueryPlace(options.Name ?? EndpointName.From(httpContext)) { Values = options.Values };
        return ShapeEndpoint.From(httpContext).Answer(name, place, read).ExecuteAsync(httpContext);
    }
}
