using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ChunkStream.Postgres.Queries;

/// <summary>Maps routes that end with the name of a declared query.</summary>
internal static class QueryMapping
{
    private const string Parameter = "name";

    /// <summary>What follows the prefix of such a route.</summary>
    public const string Pattern = $"/{{{Parameter}}}";

    /// <summary>The methods of routes that only read.</summary>
    public static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Begins a group of routes for declared queries.</summary>
    /// <exception cref="InvalidOperationException">The app lacks <c>AddQueries()</c>.</exception>
    public static RouteGroupBuilder Group(IEndpointRouteBuilder endpoints, string prefix)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        QueryEndpoint.ThrowIfMissing(endpoints.ServiceProvider);
        return endpoints.MapGroup(prefix);
    }

    /// <summary>Maps the route of a group at which each query is asked for by its name.</summary>
    /// <param name="group">The group.</param>
    /// <param name="methods">The methods.</param>
    /// <param name="place">The endpoint, to which the path of the app's catalogue is added.</param>
    /// <param name="answer">Answers a request, given the query's name.</param>
    public static IEndpointConventionBuilder Map(
        RouteGroupBuilder group,
        string[] methods,
        QueryPlace place,
        Func<HttpContext, string, QueryPlace, IResult> answer)
    {
        // The catalogue may be mapped later than this route, but not later than the first request.
        QueryPlace? complete = null;
        return group.MapMethods(Pattern, methods, http =>
        {
            complete ??= place with { Catalogue = QueryRoute.Find(http, isPublic: false) };
            return answer(http, NameOf(http.Request), complete).ExecuteAsync(http);
        });
    }

    /// <summary>The name in a request's route.</summary>
    /// <remarks>
    /// No handler has it as a bound parameter: the Functions worker binds none where the request itself is asked for.
    /// </remarks>
    public static string NameOf(HttpRequest request) => request.RouteValues[Parameter]?.ToString() ?? "";
}
