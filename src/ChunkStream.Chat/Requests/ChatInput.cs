using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ChunkStream.Problems;
using Microsoft.Extensions.AI;

namespace ChunkStream.Chat.Requests;

/// <summary>The body of a request that wants an answer.</summary>
/// <param name="ChatId">The chat.</param>
/// <param name="Messages">Its messages, oldest first.</param>
/// <param name="Body">The whole body.</param>
internal sealed record ChatInput(string ChatId, IReadOnlyList<ChatMessage> Messages, JsonElement Body)
{
    /// <summary>
    /// What is to be answered: the last message, and whether it is a new answer to it. A request with the same subject
    /// joins the answer that is being given to it; one with another is refused.
    /// </summary>
    public required string Subject { get; init; }

    /// <summary>
    /// The id that the client has given to the answer: in AG-UI that of the run; in AI SDK that of the message with
    /// which the answer goes on, after the client ran its tools. Null if it gave none.
    /// </summary>
    public string? AnswerId { get; init; }

    /// <summary>Reads a request's body.</summary>
    /// <exception cref="ProblemException">It does not have the form that the protocol says: 400.</exception>
    public static ChatInput Read(JsonElement body, ChatProtocol protocol)
    {
        try
        {
            return protocol is ChatProtocol.AgUi ? ReadAgUi(body) : ReadUiMessages(body);
        }
        catch (Exception e) when (
            e is InvalidOperationException or KeyNotFoundException or FormatException or ArgumentException)
        {
            // A member is missing, or has another type than the protocol says.
            throw Invalid("A message does not have the form that the protocol of this chat has.");
        }
    }

    private static ChatInput ReadUiMessages(JsonElement body)
    {
        var id = RequiredText(body, "id");
        var messages = body.TryGetProperty("messages", out var all) && all.ValueKind is JsonValueKind.Array
            ? all.EnumerateArray().ToArray()
            : body.TryGetProperty("message", out var one) ? [one]
            : throw Invalid("The body lacks 'messages', an array, or 'message'.");
        var trigger = Known(body.Text("trigger") ?? "submit-message");
        var last = messages.Length > 0 ? messages[^1] : throw Invalid("'messages' is empty.");
        return new ChatInput(id, UiMessages.Read(messages), body)
        {
            Subject = $"{trigger} {Identity(last)}",
            AnswerId = last.Text("role") == "assistant" ? Id(last, "id") : null,
        };
    }

    private static ChatInput ReadAgUi(JsonElement body)
    {
        var id = RequiredText(body, "threadId");
        var messages = body.TryGetProperty("messages", out var all) && all.ValueKind is JsonValueKind.Array
            ? all.EnumerateArray().ToArray()
            : throw Invalid("The body lacks 'messages', an array.");
        return new ChatInput(id, AgUiMessages.Read(messages), body)
        {
            Subject = messages.Length > 0 ? $"run {Identity(messages[^1])}" : "run",
            AnswerId = Id(body, "runId"),
        };
    }

    private static string RequiredText(JsonElement body, string member)
        => Id(body, member)
            ?? throw Invalid($"'{member}' must be a text of 1 to {ChatKey.MaxLength} characters: the chat's id.");

    private static string Identity(JsonElement message)
        => message.Text("id") is { Length: > 0 } id ? Known(id) : Hash(message.GetRawText());

    // What is too long for a row of the database, or has a character that it can't store, is known by its hash.
    private static string Known(string text)
        => text.Length <= ChatKey.MaxLength && !text.Contains('\0', StringComparison.Ordinal) ? text : Hash(text);

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string? Id(JsonElement element, string member)
        => element.Text(member) is { Length: > 0 and <= ChatKey.MaxLength } id ? id : null;

    private static ProblemException Invalid(string detail) => new(ChatProblems.Invalid(detail));
}
