using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Formats;
using ChunkStream.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream;

/// <summary>A response that streams the items of a generator and records them.</summary>
internal sealed class RecordedResult<T> : OwnStreamResult
{
    private readonly string _name;
    private readonly Func<CancellationToken, IAsyncEnumerable<T>> _generate;
    private readonly RecordedItemsOptions<T> _options;

    /// <param name="name">Which recording.</param>
    /// <param name="generate">Starts the generator.</param>
    /// <param name="options">The options that the app gave.</param>
    public RecordedResult(
        string name, Func<CancellationToken, IAsyncEnumerable<T>> generate, RecordedItemsOptions<T> options)
        : base(options)
    {
        (_name, _generate, _options) = (name, generate, options);
        if (options.Name is { } collection)
            RecordingName.CheckCollection(collection, nameof(options));
    }

    /// <inheritdoc />
    protected override StreamFormat DefaultFormat => StreamFormats.DefaultFor<T>();

    /// <inheritdoc />
    /// <exception cref="InvalidOperationException">The app lacks <c>AddDurableStreams()</c>.</exception>
    protected override IResult Answer(
        string name, RequestParameters parameters, StreamRequest asked, IServiceProvider services)
    {
        var recordings = services.GetService<RecordingEndpoint>() ?? throw new InvalidOperationException(
            "Recordings are not registered: call AddDurableStreams() on what AddChunkStream() returns, "
            + "or UseChunkStream() in a function app.");
        var recording = new RecordingName(name.Replace('/', '.'), _name);
        var typeInfo = _options.JsonTypeInfo ?? AppJson.TypeInfo<T>(services);
        var generator = RecordableGenerator.Create(recording, _generate, typeInfo) with
        {
            Subject = _options.Subject,
            DescribeFailure = ProblemOfApp.Describer(_options.DescribeFailure, services),
        };
        return recordings.Answer(asked, parameters, name, generator, MaxDuration);
    }
}
