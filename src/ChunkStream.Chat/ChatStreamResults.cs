using ChunkStream.Chat;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;

namespace ChunkStream;

/// <summary>Adds chats to <see cref="StreamResults"/>.</summary>
public static class ChatStreamResults
{
    extension(StreamResults)
    {
        /// <summary>
        /// Serves a chat, by the method of the request. <c>POST</c> starts an answer and streams it, or joins the one
        /// that is being given to the same message; a chat has one at a time. <c>GET</c> streams the answer that is
        /// being given from its start, also on another instance; 204 if there is none. <c>DELETE</c> stops it, on
        /// whichever instance it is made; with <c>?run=</c> and an answer's id it stops no other one. The id of the
        /// chat is in the body of a <c>POST</c>; for the others it is the route parameter <c>id</c>, in a route that
        /// ends with <c>{id}/stream</c>.
        /// </summary>
        /// <param name="answer">
        /// Asks the model. It is called once for each answer. Its token is cancelled when the answer is stopped, takes
        /// too long, or its process stops: not when a client leaves.
        /// </param>
        /// <param name="options">Further options.</param>
        /// <exception cref="ArgumentException">The name in the options can't be one segment of a path.</exception>
        /// <remarks>The app must have called <c>AddDurableStreams()</c>, which records the answers.</remarks>
        public static IResult Chat(
            Func<ChatTurn, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> answer,
            ChatStreamOptions? options = null)
        {
            ArgumentNullException.ThrowIfNull(answer);
            return new ChatResult(answer, options ?? new());
        }
    }
}
