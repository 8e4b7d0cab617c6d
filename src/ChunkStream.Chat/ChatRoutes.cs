using System.Diagnostics.CodeAnalysis;
using ChunkStream;
using ChunkStream.Chat;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.AI;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps chats in a minimal API.</summary>
public static class ChatRoutes
{
    private static readonly string[] Begin = ["POST"];
    private static readonly string[] ReadAndStop = ["GET", "HEAD", "DELETE"];

    /// <summary>
    /// Maps a chat as AI SDK's clients expect it: <c>POST {prefix}</c> starts an answer or joins it, <c>GET
    /// {prefix}/{id}/stream</c> resumes it, and <c>DELETE {prefix}/{id}/stream</c> stops it. Restrict who may call them
    /// on the result, such as with <c>RequireAuthorization()</c>, and who may use which chat in the options.
    /// </summary>
    /// <param name="endpoints">The app, or a group of its routes.</param>
    /// <param name="prefix">The chat's address, such as <c>/api/chat</c>.</param>
    /// <param name="answer">Asks the model; see <c>StreamResults.Chat</c>.</param>
    /// <param name="options">Further options.</param>
    /// <exception cref="ArgumentException">The name in the options can't be one segment of a path.</exception>
    public static IEndpointConventionBuilder MapChat(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string prefix,
        Func<ChatTurn, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> answer,
        ChatStreamOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentNullException.ThrowIfNull(answer);
        var chat = new ChatResult(answer, options ?? new());
        var routes = endpoints.MapGroup(prefix.TrimEnd('/'));
        routes.MapMethods("", Begin, chat.ExecuteAsync);
        routes.MapMethods($"/{{{ChatResult.IdParameter}}}/stream", ReadAndStop, chat.ExecuteAsync);
        return routes;
    }
}
