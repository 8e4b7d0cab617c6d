using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using Microsoft.AspNetCore.Mvc;

namespace ChunkStream;

/// <summary>Options of a streamed result.</summary>
public class StreamResultOptions
{
    /// <summary>
    /// The stream's name in logs and metrics, and the name of the file when a browser saves it. Don't build it from a
    /// request: each name is a value of a metrics tag. Default: the function's name, the endpoint's name, or the
    /// route's pattern.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>
    /// The format for a client that asks for none. Default: <see cref="StreamFormats.Text"/> if the items are strings,
    /// else <see cref="StreamFormats.Ndjson"/>.
    /// </summary>
    public StreamFormat? DefaultFormat { get; set; }

    /// <summary>
    /// How long the stream may last; more than 0. After that it ends with a continuation if it can be resumed, and
    /// otherwise as a failure that names the deadline. It can shorten what the platform and
    /// <c>ChunkStream:Streaming:MaxDurationSeconds</c> allow, not extend it. Default: null, for no limit of its own.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is 0 or negative.</exception>
    public TimeSpan? MaxDuration
    {
        get;
        set
        {
            if (value is { } duration)
                ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero, nameof(value));
            field = value;
        }
    }

    /// <summary>
    /// Says what a client is told of a failure; null for a failure that it may not know, which becomes an internal
    /// error (500). Before the first item the problem is the response, with its status; later it is the stream's error
    /// in the formats that have one (<c>sse</c>, <c>frames</c>). The status must be 400–599; any other becomes 500.
    /// Default: every failure is an internal error.
    /// </summary>
    public Func<Exception, ProblemDetails?>? DescribeFailure { get; set; }
}

/// <summary>Options of a result that streams items.</summary>
/// <typeparam name="T">The type of the items; for server-sent events the type of their data.</typeparam>
public sealed class StreamItemsOptions<T> : StreamResultOptions
{
    /// <summary>
    /// How an item becomes JSON; source-generated metadata needs no reflection. Default: by the app's JSON options
    /// (<c>ConfigureHttpJsonOptions</c>).
    /// </summary>
    public JsonTypeInfo<T>? JsonTypeInfo { get; set; }

    /// <summary>
    /// Whether the format <c>text</c> writes a line feed after each item. Without it the items join to one text, as the
    /// tokens of a language model do. Default: true.
    /// </summary>
    public bool TextLineFeeds { get; set; } = true;
}
