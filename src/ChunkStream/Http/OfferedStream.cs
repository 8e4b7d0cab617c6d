using System.Diagnostics;
using ChunkStream.Formats;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Http;

/// <summary>A stream that an endpoint offers.</summary>
/// <param name="Name">
/// The stream's name in logs and metrics. It must not contain parts of a request: it is a metrics tag.
/// </param>
/// <param name="Open">Makes the source. The token is cancelled when the stream ends early.</param>
internal sealed record OfferedStream(string Name, Func<RecordEncoding, CancellationToken, StreamSource> Open)
{
    /// <summary>
    /// Gives the problem with which a GET would be refused, or null. It is called for a HEAD request, which opens no
    /// source.
    /// </summary>
    public Func<CancellationToken, Task<Problem?>>? Check { get; init; }

    /// <summary>How long the stream may last, if that is less than the engine allows; else null.</summary>
    public TimeSpan? MaxDuration { get; init; }

    /// <summary>
    /// For how long a cache may give the response to everybody who asks for the same URL; null if none may keep it.
    /// </summary>
    public TimeSpan? SharedFor { get; init; }

    /// <summary>The span of the stream that this one resumes, if its token names one; else null.</summary>
    public ActivityContext? Origin { get; init; }

    /// <summary>
    /// Replaces the chosen format by the variant in which this stream is written; null for no change.
    /// </summary>
    public Func<StreamFormat, StreamFormat>? Adapt { get; init; }

    /// <summary>
    /// Whether the response never begins before the first record is there, however long that takes: the source then
    /// knows its headers.
    /// </summary>
    public bool NeedsFirstRecord { get; init; }

    /// <summary>How the client is told of a problem before the response has begun.</summary>
    public Func<Problem, IResult> Refuse { get; init; } = problem => new ProblemResult(problem);
}
