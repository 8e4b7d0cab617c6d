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
        return Answer(name, parameters, asked, httpContext.RequestServices).ExecuteAsync(httpContext);
    }

    /// <summary>How long the stream may last; null if the app set no limit.</summary>
    protected TimeSpan? MaxDuration => options.MaxDuration;

    /// <summary>The format for a client that asks for none.</summary>
    protected abstract StreamFormat DefaultFormat { get; }

    /// <summary>Answers the request.</summary>
    /// <param name="name">The stream's name.</param>
    /// <param name="parameters">The query string of the request; it collects mistakes.</param>
    /// <param name="asked">What the request asks of the stream.</param>
    /// <param name="services">The services of the request.</param>
    protected abstract IResult Answer(
        string name, RequestParameters parameters, StreamRequest asked, IServiceProvider services);
}
