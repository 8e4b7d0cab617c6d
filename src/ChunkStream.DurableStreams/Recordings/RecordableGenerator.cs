using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>A generator, and the stream that has what it gave: texts as lines of <c>text/plain</c>, all else as JSON messages.</summary>
/// <param name="Path">The stream's path: checked before.</param>
/// <param name="Subject">What it generates: its parameters, in whatever spelling.</param>
/// <param name="IsText">Whether its items are texts.</param>
/// <param name="Shape">What its items have.</param>
/// <param name="Open">Starts it; gives the items as the stream has them, but for what stands between two.</param>
internal sealed record RecordableGenerator(
    string Path, string Subject, bool IsText, ItemShape Shape, Func<CancellationToken, StreamSource> Open)
{
    /// <summary>How much its endpoint may record; null: whatever a stream may have.</summary>
    public RecordingQuota? Quota { get; init; }

    /// <summary>The content type of the stream.</summary>
    public string ContentType => IsText ? "text/plain; charset=utf-8" : "application/json";

    /// <summary>One whose items are of a type.</summary>
    public static RecordableGenerator Of<T>(
        string path, string subject, Func<CancellationToken, IAsyncEnumerable<T>> generate, JsonTypeInfo<T> typeInfo)
    {
        var isText = typeof(T) == typeof(string);
        return new RecordableGenerator(
            path, subject, isText, ItemShape.Create(typeInfo),
            cancellation => new GeneratorSource<T>(
                generate, typeInfo, isText ? RecordEncoding.Text : RecordEncoding.Json, cancellation));
    }
}
