using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ChunkStream.Http;

/// <summary>Looks up the name of an endpoint, for a stream that was given none.</summary>
internal static class EndpointName
{
    // For an endpoint that has neither a name nor a route.
    private const string None = "stream";

    /// <summary>The name of the function, else of the endpoint, else the pattern of its route.</summary>
    public static string From(HttpContext http)
        => http.Features.Get<IInvocationFeature>()?.Name
        ?? http.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName
        ?? (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.Trim('/')
        ?? None;
}
