using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Postgres.Queries;

/// <summary>Marks the route of an app at which the rows of declared queries are.</summary>
/// <param name="IsPublic">Whether it gives only those that declare that they need no key.</param>
internal sealed record QueryRoute(bool IsPublic)
{
    /// <summary>
    /// The route without the query's name and without a slash at its start or end; null where the app has none.
    /// </summary>
    public static string? Find(HttpContext http, bool isPublic)
        => http.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .FirstOrDefault(endpoint => endpoint.Metadata.GetMetadata<QueryRoute>()?.IsPublic == isPublic)
            ?.RoutePattern.RawText?.Replace(QueryMapping.Pattern, "", StringComparison.Ordinal).Trim('/');

    /// <summary>Where the app serves its queries, from the root of its host.</summary>
    public static QueryPaths Paths(HttpContext http)
    {
        var root = http.Request.PathBase.Add("/").Value!;
        return new QueryPaths(
            $"{root}{Find(http, isPublic: false)}/",
            Find(http, isPublic: true) is { } route ? $"{root}{route}/" : null);
    }
}
