using System.Net.ServerSentEvents;
using ChunkStream.Formats;
using ChunkStream.Generators;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Http;

namespace ChunkStream;

/// <summary>
/// Results that stream, in the manner of <see cref="TypedResults"/>: return one from a minimal API's handler or from an HTTP
/// function. The client chooses the format (<c>Accept</c>, or <c>?format=</c>: text, ndjson, json, csv, sse or frames), and
/// gets each chunk as soon as the source makes us wait. The source is started when the result is executed, and never for a
/// HEAD. A failure before the first item is a real status; after it no client takes the stream for whole.
/// </summary>
/// <remarks>
/// The app must have called <c>AddChunkStream()</c>, or in a function app <c>UseChunkStream()</c>. The request's own token and
/// the platform's reach the source by themselves.
/// </remarks>
public static class StreamResults
{
    /// <summary>Streams the items of a sequence, such as what an async iterator yields or a query gives row by row.</summary>
    /// <param name="items">Enumerated once; its enumerator is given the token that is cancelled when nobody wants the stream any more.</param>
    /// <param name="options">What may be said beside them.</param>
    public static IResult Items<T>(IAsyncEnumerable<T> items, StreamItemsOptions<T>? options = null)
    {
        ArgumentNullException.ThrowIfNull(items);
        return Items(_ => items, options);
    }

    /// <summary>Streams the items of a generator.</summary>
    /// <param name="generate">Starts it; its token is cancelled when nobody wants the stream any more.</param>
    /// <param name="options">What may be said beside them.</param>
    public static IResult Items<T>(Func<CancellationToken, IAsyncEnumerable<T>> generate, StreamItemsOptions<T>? options = null)
    {
        ArgumentNullException.ThrowIfNull(generate);
        return new ItemsResult<T>(
            (typeInfo, describe, encoding, cancellation) => new GeneratorSource<T>(generate, typeInfo, encoding, cancellation) { DescribeFailure = describe },
            options ?? new());
    }

    /// <summary>Streams server-sent events: with their names, ids and waits in the format <c>sse</c>, and their data in all others.</summary>
    /// <param name="events">Enumerated once. An event's data is written as JSON, texts too.</param>
    /// <param name="options">What may be said beside them.</param>
    public static IResult Items<T>(IAsyncEnumerable<SseItem<T>> events, StreamItemsOptions<T>? options = null)
    {
        ArgumentNullException.ThrowIfNull(events);
        return Items(_ => events, options);
    }

    /// <summary>Streams the server-sent events of a generator: with their names, ids and waits in the format <c>sse</c>, and their data in all others.</summary>
    /// <param name="generate">Starts it; its token is cancelled when nobody wants the stream any more.</param>
    /// <param name="options">What may be said beside them.</param>
    public static IResult Items<T>(Func<CancellationToken, IAsyncEnumerable<SseItem<T>>> generate, StreamItemsOptions<T>? options = null)
    {
        ArgumentNullException.ThrowIfNull(generate);
        return new ItemsResult<T>(
            (typeInfo, describe, encoding, cancellation) => new EventGeneratorSource<T>(generate, typeInfo, encoding, cancellation) { DescribeFailure = describe },
            options ?? new())
        {
            HasEvents = true,
        };
    }

    /// <summary>Streams a source of one's own, which writes its records itself.</summary>
    /// <param name="open">Makes it, for the encoding that the client's format has; the token is cancelled when nobody wants the stream any more.</param>
    /// <param name="options">What may be said beside them. The source itself describes its failures.</param>
    public static IResult Source(Func<RecordEncoding, CancellationToken, StreamSource> open, StreamResultOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(open);
        return new SourceResult(open, options ?? new());
    }
}
