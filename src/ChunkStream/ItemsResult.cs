using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream;

/// <summary>Makes the source of a stream of items.</summary>
/// <param name="typeInfo">How an item becomes JSON.</param>
/// <param name="describe">Says what a client is told of a failure; null for a failure that it may not know.</param>
/// <param name="encoding">How an item is written.</param>
/// <param name="cancellation">A token that is cancelled when the stream ends early.</param>
internal delegate StreamSource OpenItems<T>(
    JsonTypeInfo<T> typeInfo,
    Func<Exception, Problem?> describe,
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
    protected override StreamFormat DefaultFormat
        => typeof(T) == typeof(string) ? StreamFormats.Text : StreamFormats.Ndjson;

    /// <inheritdoc />
    protected override bool IsResumable => HasEvents;

    /// <inheritdoc />
    protected override OfferedStream Offer(string name, IServiceProvider services)
    {
        var json = AppJson.From(services);
        var typeInfo = options.JsonTypeInfo ?? (JsonTypeInfo<T>)json.GetTypeInfo(typeof(T));
        var describe = ProblemOfApp.Describer(options.DescribeFailure, json);
        return new OfferedStream(name, (encoding, cancellation) => open(typeInfo, describe, encoding, cancellation))
        {
            Adapt = format => format == StreamFormats.Text && !options.TextLineFeeds ? JoinedText : format,
        };
    }
}
