using ChunkStream.DurableStreams.Protocol;
using ChunkStream.Postgres.Shapes;
using Microsoft.AspNetCore.Http;

namespace ChunkStream;

/// <summary>Adds live queries as durable streams to <see cref="StreamResults"/>.</summary>
public static class StateStreamResults
{
    extension(StreamResults)
    {
        /// <summary>
        /// Follows a declared query that is live, as a durable stream that can only be read, with messages of the
        /// protocol's state extension. The client gives the query's parameters as <c>params[name]</c>, except those
        /// that the options have. A minimal API can map all of them with <c>MapStates()</c>.
        /// </summary>
        /// <remarks>
        /// The app must have called <c>AddChunkStream().AddQueries()</c>, and needs the setting
        /// <c>ChunkStream:ResumeKey</c>; it needs no <c>AddDurableStreams()</c>. A name that no file has, or that of a
        /// query that is not live, is answered 404. Who may call the endpoint is the app's to say, as for <c>Query</c>.
        /// </remarks>
        /// <param name="name">The file's name without <c>.sql</c>.</param>
        /// <param name="options">Further options.</param>
        public static IResult State(string name, StreamShapeOptions? options = null)
        {
            ArgumentException.ThrowIfNullOrEmpty(name);
            options ??= new();
            return new OwnShapeResult(name, options.Name, options.Values, StateDialect.Read);
        }
    }
}
