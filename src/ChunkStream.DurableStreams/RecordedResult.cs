using System.Text.Json.Serialization.Metadata;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Formats;
using ChunkStream.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream;

/// <summary>A response that streams the items of a generator and records them.</summary>
internal sealed class RecordedResult<T> : IResult
{
    private readonly string _name;
    private readonly Func<CancellationToken, IAsyncEnumerable<T>> _generate;
    private readonly RecordedItemsOptions<T> _options;

    /// <param name="name">Which recording.</param>
    /// <param name="generate">Starts the generator.</param>
    /// <param name="options">What was said of it.</param>
    public RecordedResult(
        string name, Func<CancellationToken, IAsyncEnumerable<T>> generate, RecordedItemsOptions<T> options)
    {
        (_name, _generate, _options) = (name, generate, options);
        if (options.Name is { } collection)
            RecordingName.CheckCollection(collection, nameof(options));
    }

    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var services = httpContext.RequestServices;
        var recordings = services.GetService<RecordingEndpoint>() ?? throw new InvalidOperationException(
            "Recordings are not registered: call AddDurableStreams() on what AddChunkStream() returns, or "
            + "UseChunkStream() in a "
            + "function app.");
        var endpoint = _options.Name ?? EndpointName.From(httpContext);
        var json = AppJson.From(services);
        var typeInfo = _options.JsonTypeInfo ?? (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T));
        var name = new RecordingName(endpoint.Replace('/', '.'), _name);
        var generator = RecordableGenerator.Create(name, _generate, typeInfo) with
        {
            Subject = _options.Subject,
            DescribeFailure = ProblemOfApp.Describer(_options.DescribeFailure, json),
        };

        var parameters = new RequestParameters(httpContext.Request.Query) { IgnoresOthers = true };
        var defaultFormat = _options.DefaultFormat ?? (generator.IsText ? StreamFormats.Text : StreamFormats.Ndjson);
        var asked = StreamRequest.Read(httpContext.Request, parameters, defaultFormat, endpoint);
        return recordings.Answer(asked, parameters, endpoint, generator, _options.MaxDuration)
            .ExecuteAsync(httpContext);
    }
}
