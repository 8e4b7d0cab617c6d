using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ChunkStream.Http;

/// <summary>What an endpoint is called that was given no name by what it answers with.</summary>
internal static class EndpointName
{
    // For an endpoint that has neither a name nor a route.
    private const string None = "stream";

    /// <summary>The function's name, else the endpoint's, else the pattern of its route.</summary>
    public static string From(HttpContext http)
        => http.Features.Get<IInvocationFeature>()?.Name
        ?? http.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName
        ?? (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.Trim('/')
        ?? None;
}
