using ChunkStream.Formats;
using ChunkStream.Http;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream;

/// <summary>A response that streams a <see cref="StreamSource"/> of the app.</summary>
/// <param name="open">Makes the source.</param>
/// <param name="options">The options that the app gave.</param>
internal sealed class SourceResult(
    Func<RecordEncoding, CancellationToken, StreamSource> open, StreamResultOptions options) : OwnStreamResult(options)
{
    /// <inheritdoc />
    protected override StreamFormat DefaultFormat => StreamFormats.Ndjson;

    /// <inheritdoc />
    protected override IResult Answer(
        string name, RequestParameters parameters, StreamRequest asked, IServiceProvider services)
        => asked.Answer(new OfferedStream(name, open) { MaxDuration = MaxDuration });
}
