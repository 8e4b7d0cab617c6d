using System.Diagnostics.CodeAnalysis;
using ChunkStream.Postgres.Queries;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the declared queries of an app.</summary>
public static class QueryRoutes
{
    private static readonly string[] ReadOrPost = [.. QueryMapping.ReadMethods, HttpMethods.Post];

    /// <summary>
    /// Maps the catalogue of the declared queries to a prefix, and the rows of each to <c>{prefix}/{name}</c>; GET and
    /// HEAD, and for the rows POST, which has the parameters in a JSON body. Who may call them is the app's to say:
    /// <c>MapQueries("/queries").RequireAuthorization()</c>. The app must have called
    /// <c>AddChunkStream().AddQueries()</c>.
    /// </summary>
    /// <param name="endpoints">The app, or a group of its routes.</param>
    /// <param name="prefix">The route of the catalogue. Default <c>/queries</c>.</param>
    /// <returns>Both endpoints, for conventions such as <c>RequireAuthorization()</c>.</returns>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static RouteGroupBuilder MapQueries(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/queries")
    {
        var group = MapRows(endpoints, prefix, new QueryPlace("query"));
        group.MapMethods("", QueryMapping.ReadMethods, http
            => QueryEndpoint.From(http).Catalogue(http.Request, QueryRoute.Paths(http)).ExecuteAsync(http));
        return group;
    }

    /// <summary>
    /// Maps the rows of those queries that declare <c>access: anonymous</c> or <c>user</c> to <c>{prefix}/{name}</c>,
    /// without the catalogue: for callers whom the app does not know, and for users, whose queries ask who is calling.
    /// The first get bounds that a query does not declare itself, and a share of the connections.
    /// </summary>
    /// <param name="endpoints">The app, or a group of its routes.</param>
    /// <param name="prefix">The route. Default <c>/public/queries</c>.</param>
    /// <returns>The endpoint, for conventions.</returns>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static RouteGroupBuilder MapPublicQueries(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/public/queries")
        => MapRows(endpoints, prefix, new QueryPlace("public-query") { IsPublic = true });

    private static RouteGroupBuilder MapRows(IEndpointRouteBuilder endpoints, string prefix, QueryPlace place)
    {
        var group = QueryMapping.Group(endpoints, prefix);
        QueryMapping.Map(
                group,
                ReadOrPost,
                place,
                (http, name, complete) => QueryEndpoint.From(http).Answer(http.Request, name, complete))
            .WithMetadata(new QueryRoute(place.IsPublic));
        return group;
    }
}
