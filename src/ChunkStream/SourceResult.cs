using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Streaming;

namespace ChunkStream;

/// <summary>A response that streams a source of the app's own.</summary>
/// <param name="open">Makes the source.</param>
/// <param name="options">What was said of it.</param>
internal sealed class SourceResult(Func<RecordEncoding, CancellationToken, StreamSource> open, StreamResultOptions options) : OwnStreamResult(options)
{
    /// <inheritdoc />
    protected override StreamFormat DefaultFormat => StreamFormats.Ndjson;

    /// <inheritdoc />
    protected override bool IsResumable => true;

    /// <inheritdoc />
    protected override OfferedStream Offer(string name, IServiceProvider services) => new(name, open);
}
