using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.Http;

/// <summary>A stream that an endpoint offers.</summary>
/// <param name="Name">Its name, in logs and metrics. No part of a request: it becomes a tag of the metrics.</param>
/// <param name="Open">Makes its source; the token is cancelled when nobody wants the stream any more.</param>
internal sealed record OfferedStream(string Name, Func<RecordEncoding, CancellationToken, StreamSource> Open)
{
    /// <summary>Asked for a HEAD, which opens no source: the problem with which a GET would be refused, or null.</summary>
    public Func<CancellationToken, Task<Problem?>>? Check { get; init; }

    /// <summary>How long it may last, where that is less than every stream may.</summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>Gives the variant of a chosen format that this stream is written in.</summary>
    public Func<StreamFormat, StreamFormat>? Adapt { get; init; }
}
