using System.Diagnostics.CodeAnalysis;
using ChunkStream.Postgres.Queries;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the declared queries of an app.</summary>
public static class QueryRoutes
{
    private const string Endpoint = "query";
    private const string PublicEndpoint = "public-query";
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];
    private static readonly string[] ReadOrPost = [.. Read, HttpMethods.Post];

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
        var group = Group(endpoints, prefix);
        Map(group, "", Read, http => QueryEndpoint.From(http).Catalogue(http.Request, QueryRoute.Paths(http)));
        Map(group, "/{name}", ReadOrPost, http => Answer(http, WithKey(http)))
            .WithMetadata(new QueryRoute(IsPublic: false));
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
    {
        var group = Group(endpoints, prefix);
        Map(group, "/{name}", ReadOrPost, http => Answer(http, Public(http)))
            .WithMetadata(new QueryRoute(IsPublic: true));
        return group;
    }

    private static QueryPlace WithKey(HttpContext http)
        => new(Endpoint) { Catalogue = QueryRoute.Find(http, isPublic: false) };

    private static QueryPlace Public(HttpContext http)
        => new(PublicEndpoint) { IsPublic = true, Catalogue = QueryRoute.Find(http, isPublic: false) };

    private static RouteGroupBuilder Group(IEndpointRouteBuilder endpoints, string prefix)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        QueryEndpoint.ThrowIfMissing(endpoints.ServiceProvider);
        return endpoints.MapGroup(prefix);
    }

    private static IEndpointConventionBuilder Map(
        RouteGroupBuilder group, string pattern, string[] methods, Func<HttpContext, IResult> answer)
        => group.MapMethods(pattern, methods, http => answer(http).ExecuteAsync(http));

    private static IResult Answer(HttpContext http, QueryPlace place)
        => QueryEndpoint.From(http).Answer(http.Request, http.Request.RouteValues["name"]?.ToString() ?? "", place);
}
