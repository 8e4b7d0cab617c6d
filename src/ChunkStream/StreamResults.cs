using System.Net.ServerSentEvents;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream;

/// <summary>
/// Results that stream, in the manner of <see cref="TypedResults"/>: return one from the handler of a minimal API or
/// from an HTTP function. The client chooses the format (<c>Accept</c>, or <c>?format=</c> with text, ndjson, json,
/// csv, sse or frames), and gets each item as soon as the source would have to be waited for. The source starts when
/// the result is executed, and not at all for a HEAD request. A failure before the first item gives a real error
/// status; after it, the response is cut so that no client takes it for complete.
/// </summary>
/// <remarks>
/// The app must have called <c>AddChunkStream()</c>, or <c>UseChunkStream()</c> if it is a function app. The source is
/// given one token for all that can end the stream: the client leaves, the platform ends the invocation, the time is
/// over, or the process stops.
/// </remarks>
public static class StreamResults
{
    /// <summary>
    /// Streams the items of an async sequence: of an iterator method, or of a query that reads row by row.
    /// </summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="items">
    /// The sequence. It is enumerated once; its enumerator gets a token that is cancelled when the stream ends early.
    /// </param>
    /// <param name="options">The options; null for the defaults.</param>
    public static IResult Items<T>(IAsyncEnumerable<T> items, StreamItemsOptions<T>? options = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        return Items(_ => items, options);
    }

    /// <summary>Streams the items of a generator.</summary>
    /// <typeparam name="T">The type of the items.</typeparam>
    /// <param name="generate">Starts the generator. Its token is cancelled when the stream ends early.</param>
    /// <param name="options">The options; null for the defaults.</param>
    public static IResult Items<T>(
        Func<CancellationToken, IAsyncEnumerable<T>> generate, StreamItemsOptions<T>? options = null)
    {
        ArgumentNullException.ThrowIfNull(generate);
        return new ItemsResult<T>(
            (typeInfo, describe, encoding, cancellation)
                => new GeneratorSource<T>(generate, typeInfo, encoding, cancellation) { DescribeFailure = describe },
            options ?? new());
    }

    /// <summary>
    /// Streams server-sent events. The format <c>sse</c> has their names, ids and retry times; the other formats have
    /// only their data.
    /// </summary>
    /// <typeparam name="T">The type of the events' data.</typeparam>
    /// <param name="events">
    /// The sequence. It is enumerated once. An event's data is written as JSON, strings too, except in the format
    /// <c>text</c>.
    /// </param>
    /// <param name="options">The options; null for the defaults.</param>
    public static IResult Items<T>(IAsyncEnumerable<SseItem<T>> events, StreamItemsOptions<T>? options = null)
    {
        ArgumentNullException.ThrowIfNull(events);
        return Items(_ => events, options);
    }

    /// <summary>
    /// Streams the server-sent events of a generator. The format <c>sse</c> has their names, ids and retry times; the
    /// other formats have only their data.
    /// </summary>
    /// <typeparam name="T">The type of the events' data.</typeparam>
    /// <param name="generate">Starts the generator. Its token is cancelled when the stream ends early.</param>
    /// <param name="options">The options; null for the defaults.</param>
    public static IResult Items<T>(
        Func<CancellationToken, IAsyncEnumerable<SseItem<T>>> generate, StreamItemsOptions<T>? options = null)
    {
        ArgumentNullException.ThrowIfNull(generate);
        return new ItemsResult<T>(
            (typeInfo, describe, encoding, cancellation)
                => new EventGeneratorSource<T>(generate, typeInfo, encoding, cancellation)
                {
                    DescribeFailure = describe,
                },
            options ?? new())
        {
            HasEvents = true,
        };
    }

    /// <summary>Streams a source that writes its records itself.</summary>
    /// <param name="open">
    /// Makes the source, which must write its records in the given encoding. The token is cancelled when the stream
    /// ends early.
    /// </param>
    /// <param name="options">
    /// The options; null for the defaults. <see cref="StreamResultOptions.DescribeFailure"/> is not used: the source
    /// describes its failures itself (<see cref="StreamSource.Describe"/>).
    /// </param>
    public static IResult Source(
        Func<RecordEncoding, CancellationToken, StreamSource> open, StreamResultOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(open);
        return new SourceResult(open, options ?? new());
    }
}
