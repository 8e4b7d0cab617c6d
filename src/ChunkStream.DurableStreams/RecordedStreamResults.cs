using Microsoft.AspNetCore.Http;

namespace ChunkStream;

/// <summary>Adds recorded streams to <see cref="StreamResults"/>.</summary>
public static class RecordedStreamResults
{
    extension(StreamResults)
    {
        /// <summary>
        /// Streams the items of a generator, and records them meanwhile in a durable stream. Whoever asks for the same
        /// name again, after a reload of the page for example, gets the same items from the start, or from the place
        /// that <c>Last-Event-ID</c> or <c>?resume=</c> names, and then what follows. The generator runs once for each
        /// name.
        /// </summary>
        /// <param name="name">
        /// Which recording of the endpoint: an order's number, the id of a question. Whoever may call the endpoint with
        /// a name may read what was recorded under it. It may have slashes. A name that no durable stream can have is
        /// answered with 400.
        /// </param>
        /// <param name="generate">
        /// Starts the generator, for the first request of the name only. Its token is cancelled when nobody has read
        /// for <c>RecordSeconds</c>, when the recording is deleted, and when the process stops: not when a client
        /// leaves.
        /// </param>
        /// <param name="options">Further options.</param>
        /// <exception cref="ArgumentException">The name in the options can't be one segment of a path.</exception>
        /// <remarks>The app must have called <c>AddDurableStreams()</c>.</remarks>
        public static IResult Recorded<T>(
            string name, Func<CancellationToken, IAsyncEnumerable<T>> generate, RecordedItemsOptions<T>? options = null)
        {
            ArgumentNullException.ThrowIfNull(name);
            ArgumentNullException.ThrowIfNull(generate);
            return new RecordedResult<T>(name, generate, options ?? new());
        }
    }
}
