using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream;

/// <summary>Makes the source of a stream of items.</summary>
/// <param name="typeInfo">How an item becomes JSON.</param>
/// <param name="describe">Says what a client is told of a failure; null if the app has no such function.</param>
/// <param name="encoding">How an item is written.</param>
/// <param name="cancellation">A token that is cancelled when the stream ends early.</param>
internal delegate StreamSource OpenItems<T>(
    JsonTypeInfo<T> typeInfo,
    Func<Exception, Problem?>? describe,
    RecordEncoding encoding,
    CancellationToken cancellation);

/// <summary>A response that streams items.</summary>
/// <param name="open">Makes the source.</param>
/// <param name="options">The options that the app gave.</param>
internal sealed class ItemsResult<T>(OpenItems<T> open, StreamItemsOptions<T> options) : OwnStreamResult(options)
{
    private static readonly TextFormat JoinedText = new(endsLines: false);

    /// <summary>Whether the items are server-sent events, which may have ids of their own.</summary>
    public bool HasEvents { get; init; }

    /// <inheritdoc />
    protected override StreamFormat DefaultFormat => StreamFormats.DefaultFor<T>();

    /// <inheritdoc />
    protected override IResult Answer(
        string name, RequestParameters parameters, StreamRequest asked, IServiceProvider services)
    {
        var typeInfo = options.JsonTypeInfo ?? AppJson.TypeInfo<T>(services);
        var describe = ProblemOfApp.Describer(options.DescribeFailure, services);
        var stream = new OfferedStream(
            name, (encoding, cancellation) => open(typeInfo, describe, encoding, cancellation))
        {
            MaxDuration = MaxDuration,
            Adapt = format => format == StreamFormats.Text && !options.TextLineFeeds ? JoinedText : format,
        };
        return asked.Answer(stream, HasEvents ? null : asked.MustStartAnew());
    }
}
