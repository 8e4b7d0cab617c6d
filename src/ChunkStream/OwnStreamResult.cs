using ChunkStream.Formats;
using ChunkStream.Http;
using Microsoft.AspNetCore.Http;

namespace ChunkStream;

/// <summary>
/// A stream that an endpoint of the app returns. It ignores unknown parameters in the query string: they are the
/// endpoint's.
/// </summary>
/// <param name="options">The options that the app gave.</param>
internal abstract class OwnStreamResult(StreamResultOptions options) : IResult
{
    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var name = options.Name ?? EndpointName.From(httpContext);
        var parameters = new RequestParameters(httpContext.Request.Query) { IgnoresOthers = true };
        var asked = StreamRequest.Read(httpContext.Request, parameters, options.DefaultFormat ?? DefaultFormat, name);
        var stream = Offer(name, httpContext.RequestServices) with { MaxDuration = options.MaxDuration };
        return asked.Answer(stream, IsResumable ? null : asked.MustStartAnew()).ExecuteAsync(httpContext);
    }

    /// <summary>The format for a client that asks for none.</summary>
    protected abstract StreamFormat DefaultFormat { get; }

    /// <summary>Whether the app's events have ids of their own, with which a client may connect again.</summary>
    protected abstract bool IsResumable { get; }

    /// <summary>Makes the stream.</summary>
    /// <param name="name">The stream's name.</param>
    /// <param name="services">The services of the request.</param>
    protected abstract OfferedStream Offer(string name, IServiceProvider services);
}
