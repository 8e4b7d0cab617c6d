using ChunkStream.Http;
using ChunkStream.Postgres.Queries;
using Microsoft.AspNetCore.Http;

namespace ChunkStream;

/// <summary>A response that streams the rows of a declared query, at an endpoint of the app's own.</summary>
/// <param name="name">The query's name.</param>
/// <param name="options">The options that the app gave.</param>
internal sealed class QueryResult(string name, StreamQueryOptions options) : IResult
{
    /// <inheritdoc />
    /// <exception cref="InvalidOperationException">
    /// The app lacks <c>AddQueries()</c>, or gives a value that the query does not take from it.
    /// </exception>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var place = new QueryPlace(options.Name ?? EndpointName.From(httpContext))
        {
            Options = options,
            Values = options.Values,
        };
        return QueryEndpoint.From(httpContext).Answer(httpContext.Request, name, place).ExecuteAsync(httpContext);
    }
}
