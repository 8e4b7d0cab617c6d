using System.Text.Json.Serialization.Metadata;
using ChunkStream.Formats;
using Microsoft.AspNetCore.Mvc;

namespace ChunkStream;

/// <summary>What may be said of a stream beside its content.</summary>
public class StreamResultOptions
{
    /// <summary>
    /// The stream's name in logs and metrics, and of a file that a browser saves it as. No part of a request: each name is
    /// a tag of the metrics. Default: the function's name, or the route's pattern.
    /// </summary>
    public string? Name { get; set; }

    /// <summary>
    /// The format for a client that asks for none. Default: <see cref="StreamFormats.Text"/> where the items are texts, else
    /// <see cref="StreamFormats.Ndjson"/>.
    /// </summary>
    public StreamFormat? DefaultFormat { get; set; }

    /// <summary>
    /// How long the stream may last; more than 0. Then it ends as a failure that names the deadline, or with a token to go
    /// on by where it has one. Default: what the platform allows. It can be less than that, never more.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not more than 0.</exception>
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
    /// What a client is told of a failure, or null where it may know nothing of it: then it hears of an internal error.
    /// Before the first item it is the response's status; later it is the stream's last word, in the formats that have one.
    /// Status 400–599. Default: null for all.
    /// </summary>
    public Func<Exception, ProblemDetails?>? DescribeFailure { get; set; }
}

/// <summary>What may be said of a stream of items beside the items.</summary>
/// <typeparam name="T">The items' type; of server-sent events, that of their data.</typeparam>
public sealed class StreamItemsOptions<T> : StreamResultOptions
{
    /// <summary>How an item becomes JSON. Default: by the app's own options, those of <c>ConfigureHttpJsonOptions</c>.</summary>
    public JsonTypeInfo<T>? JsonTypeInfo { get; set; }

    /// <summary>
    /// Whether a line feed stands after each item in the format <c>text</c>. Without it the items join to one text, as the
    /// tokens of a language model do. Default true.
    /// </summary>
    public bool TextLineFeeds { get; set; } = true;
}
