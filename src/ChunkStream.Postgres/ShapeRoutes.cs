using System.Diagnostics.CodeAnalysis;
using ChunkStream.Postgres.Queries;
using ChunkStream.Postgres.Shapes;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the live queries of an app for clients of Electric's protocol.</summary>
public static class ShapeRoutes
{
    /// <summary>
    /// Maps each live query to <c>{prefix}/{name}</c>, in the HTTP protocol of Electric; GET and HEAD. Who may call it
    /// is the app's to say: <c>MapShapes("/shapes").RequireAuthorization()</c>. The app must have called
    /// <c>AddChunkStream().AddQueries()</c>, and needs the setting <c>ChunkStream:ResumeKey</c>.
    /// </summary>
    /// <param name="endpoints">The app, or a group of its routes.</param>
    /// <param name="prefix">The route. Default <c>/shapes</c>.</param>
    /// <returns>The endpoint, for conventions such as <c>RequireAuthorization()</c>.</returns>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static RouteGroupBuilder MapShapes(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/shapes")
        => Map(endpoints, prefix, new QueryPlace("shape"));

    /// <summary>
    /// Maps those live queries that declare <c>access: anonymous</c> or <c>user</c> to <c>{prefix}/{name}</c>, in the
    /// HTTP protocol of Electric: for callers whom the app does not know, and for users, whose queries ask who is
    /// calling. Caches may keep what everyone may read.
    /// </summary>
    /// <param name="endpoints">The app, or a group of its routes.</param>
    /// <param name="prefix">The route. Default <c>/public/shapes</c>.</param>
    /// <returns>The endpoint, for conventions.</returns>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static RouteGroupBuilder MapPublicShapes(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/public/shapes")
        => Map(endpoints, prefix, new QueryPlace("public-shape") { IsPublic = true });

    private static RouteGroupBuilder Map(IEndpointRouteBuilder endpoints, string prefix, QueryPlace place)
        => ShapeEndpoint.Map(endpoints, prefix, place, ElectricDialect.Read);
}
