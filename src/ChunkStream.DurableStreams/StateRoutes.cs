using System.Diagnostics.CodeAnalysis;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.Postgres.Queries;
using ChunkStream.Postgres.Shapes;
using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the live queries of an app as durable streams.</summary>
public static class StateRoutes
{
    /// <summary>
    /// Maps each live query to <c>{prefix}/{name}</c>, as a durable stream that can only be read, with messages of the
    /// protocol's state extension; GET and HEAD. Who may call it is the app's to say:
    /// <c>MapStates("/states").RequireAuthorization()</c>. The app must have called
    /// <c>AddChunkStream().AddQueries()</c>, and needs the setting <c>ChunkStream:ResumeKey</c>; it needs no
    /// <c>AddDurableStreams()</c>.
    /// </summary>
    /// <param name="endpoints">The app, or a group of its routes.</param>
    /// <param name="prefix">The route. Default <c>/states</c>.</param>
    /// <returns>The endpoint, for conventions such as <c>RequireAuthorization()</c>.</returns>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static RouteGroupBuilder MapStates(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/states")
        => Map(endpoints, prefix, new QueryPlace("state"));

    /// <summary>
    /// Maps those live queries that declare <c>access: anonymous</c> or <c>user</c> to <c>{prefix}/{name}</c> as
    /// durable streams: for callers whom the app does not know, and for users, whose queries ask who is calling. Caches
    /// may keep what everyone may read.
    /// </summary>
    /// <param name="endpoints">The app, or a group of its routes.</param>
    /// <param name="prefix">The route. Default <c>/public/states</c>.</param>
    /// <returns>The endpoint, for conventions.</returns>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static RouteGroupBuilder MapPublicStates(
        this IEndpointRouteBuilder endpoints, [StringSyntax("Route")] string prefix = "/public/states")
        => Map(endpoints, prefix, new QueryPlace("public-state") { IsPublic = true });

    private static RouteGroupBuilder Map(IEndpointRouteBuilder endpoints, string prefix, QueryPlace place)
        => ShapeEndpoint.Map(endpoints, prefix, place, StateDialect.Read);
}
