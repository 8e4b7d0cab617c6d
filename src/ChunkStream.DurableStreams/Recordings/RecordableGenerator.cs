using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// A generator, and the recording that takes its items: texts as lines of <c>text/plain</c>, all else as JSON messages.
/// </summary>
/// <param name="Name">The recording.</param>
/// <param name="IsText">Whether its items are texts.</param>
/// <param name="Shape">The fields of its items.</param>
/// <param name="Open">
/// Starts the generator. The source writes the items as the stream holds them, without what stands between two items.
/// </param>
internal sealed record RecordableGenerator(
    RecordingName Name, bool IsText, ItemShape Shape, Func<CancellationToken, StreamSource> Open)
{
    /// <summary>The path of the recording's stream.</summary>
    public string Path => Name.Path;

    /// <summary>What it generates: its parameters, in whatever spelling.</summary>
    public string Subject { get; init; } = "";

    /// <summary>
    /// Whether it is one of many runs: the name may have one recording after another, one at a time. Then the name gets
    /// a number for each, see <see cref="Run"/>.
    /// </summary>
    public bool IsRun { get; init; }

    /// <summary>
    /// Whether it goes on until it ends by itself, also if nobody reads it; otherwise for <c>RecordSeconds</c>.
    /// </summary>
    public bool GoesOnUnread { get; init; }

    /// <summary>
    /// Called when somebody has asked for its end, so that the generator can say so and complete. Null where it is cut.
    /// </summary>
    public Action? Stop { get; init; }

    /// <summary>Whether a reader may begin the recording, if it isn't there yet.</summary>
    public bool MayBegin { get; init; } = true;

    /// <summary>How much its endpoint may record; null for as much as a stream may hold.</summary>
    public RecordingQuota? Quota { get; init; }

    /// <summary>What readers are told of a failure of the generator; null where they may know nothing of it.</summary>
    public Func<Exception, Problem?>? DescribeFailure { get; init; }

    /// <summary>The content type of the stream.</summary>
    public string ContentType => IsText ? "text/plain; charset=utf-8" : "application/json";

    /// <summary>The same generator as the run that has a path.</summary>
    public RecordableGenerator Run(string path) => this with { Name = Name with { Name = path[Name.Prefix.Length..] } };

    /// <summary>Describes a generator whose items are of one type.</summary>
    public static RecordableGenerator Create<T>(
        RecordingName name, Func<CancellationToken, IAsyncEnumerable<T>> generate, JsonTypeInfo<T> typeInfo)
    {
        var isText = typeof(T) == typeof(string);
        var encoding = isText ? RecordEncoding.Text : RecordEncoding.Json;
        return new RecordableGenerator(
            name,
            isText,
            ItemShape.Create(typeInfo),
            cancellation => new GeneratorSource<T>(generate, typeInfo, encoding, cancellation));
    }
}
