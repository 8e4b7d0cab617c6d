using ChunkStream.Formats;
using ChunkStream.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ChunkStream;

/// <summary>A stream that an app's own endpoint returns. What it does not know of the query string is the endpoint's business.</summary>
/// <param name="options">What was said of it.</param>
internal abstract class OwnStreamResult(StreamResultOptions options) : IResult
{
    // For an endpoint that has neither a name nor a route.
    private const string NoName = "stream";

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var name = options.Name ?? NameOf(httpContext);
        var parameters = new RequestParameters(httpContext.Request.Query) { IgnoresOthers = true };
        var asked = StreamRequest.Read(httpContext.Request, parameters, options.DefaultFormat ?? DefaultFormat, name);
        var stream = Offer(name, httpContext.RequestServices) with { MaxDuration = options.MaxDuration };
        return asked.Answer(stream, IsResumable ? null : asked.MustStartAnew()).ExecuteAsync(httpContext);
    }

    /// <summary>What a client gets that asks for nothing.</summary>
    protected abstract StreamFormat DefaultFormat { get; }

    /// <summary>Whether the endpoint has ids of its own by which a client may go on.</summary>
    protected abstract bool IsResumable { get; }

    /// <summary>The stream.</summary>
    protected abstract OfferedStream Offer(string name, IServiceProvider services);

    private static string NameOf(HttpContext http)
        => http.Features.Get<IInvocationFeature>()?.Name
        ?? http.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName
        ?? (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText?.Trim('/')
        ?? NoName;
}
