using System.Security.Claims;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace ChunkStream.Chat;

/// <summary>What a model is to answer: a request to a chat, in the words of Microsoft.Extensions.AI.</summary>
/// <remarks>
/// All of it is what the client has sent. A client can make up earlier messages, results of tools, and messages of the
/// system. An app that must not trust it takes the last message only, and loads the earlier ones from its own store.
/// </remarks>
public sealed class ChatTurn
{
    internal ChatTurn(string chatId, IReadOnlyList<ChatMessage> messages, JsonElement body, ClaimsPrincipal user)
        => (ChatId, Messages, Body, User) = (chatId, messages, body, user);

    /// <summary>The chat's id, as the client made it.</summary>
    public string ChatId { get; }

    /// <summary>The messages, oldest first.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; }

    /// <summary>The whole body of the request: what a client sends beside messages is here.</summary>
    public JsonElement Body { get; }

    /// <summary>Who has sent the request, as ASP.NET Core knows it.</summary>
    public ClaimsPrincipal User { get; }

    /// <summary>
    /// Services in a scope of the answer's own, which ends with the answer: those of the request may end before.
    /// </summary>
    public IServiceProvider Services { get; internal set; } = null!;
}
