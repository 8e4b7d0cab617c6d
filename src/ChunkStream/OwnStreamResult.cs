using ChunkStream.Formats;
using ChunkStream.Http;
using Microsoft.AspNetCore.Http;

namespace ChunkStream;

/// <summary>A stream that an app's own endpoint returns. What it does not know of the query string is the endpoint's business.</summary>
/// <param name="options">What was said of it.</param>
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

    /// <summary>What a client gets that asks for nothing.</summary>
    protected abstract StreamFormat DefaultFormat { get; }

    /// <summary>Whether the endpoint has ids of its own by which a client may go on.</summary>
    protected abstract bool IsResumable { get; }

    /// <summary>The stream.</summary>
    protected abstract OfferedStream Offer(string name, IServiceProvider services);
}
