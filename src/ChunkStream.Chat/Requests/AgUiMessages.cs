using System.Text.Json;
using Microsoft.Extensions.AI;

namespace ChunkStream.Chat.Requests;

/// <summary>
/// AG-UI's messages as messages for a model. Reasoning and activities of earlier answers are not taken over.
/// </summary>
internal static class AgUiMessages
{
    /// <summary>Reads the messages.</summary>
    public static List<ChatMessage> Read(IEnumerable<JsonElement> messages)
    {
        var read = new List<ChatMessage>();
        foreach (var message in messages)
        {
            var role = message.GetProperty("role").GetString()!;
            List<AIContent> contents = role switch
            {
                "reasoning" or "activity" => [],
                "tool" => [new FunctionResultContent(message.GetProperty("toolCallId").GetString()!, Result(message))],
                _ => [.. Contents(message), .. message.Items("toolCalls").Select(Call)],
            };
            if (contents.Count > 0)
                read.Add(new ChatMessage(role == "developer" ? ChatRole.System : new ChatRole(role), contents));
        }

        return read;
    }

    private static string Result(JsonElement message)
        => message.Text("content") ?? string.Concat(Contents(message).OfType<TextContent>());

    private static IEnumerable<AIContent> Contents(JsonElement message)
        => message.Text("content") is { } text
            ? text.Length > 0 ? [new TextContent(text)] : []
            : message.Items("content").Select(Content).OfType<AIContent>();

    private static AIContent? Content(JsonElement part)
    {
        if (part.Text("type") == "text")
            return new TextContent(part.Text("text"));
        if (!part.TryGetProperty("source", out var source) || source.Text("value") is not { } value)
            return null;
        return source.Text("type") switch
        {
            "data" => new DataContent(Convert.FromBase64String(value), source.GetProperty("mimeType").GetString()!),
            "url" => JsonMembers.File(value, source.Text("mimeType")),
            _ => null,
        };
    }

    private static FunctionCallContent Call(JsonElement call)
    {
        var function = call.GetProperty("function");
        return new FunctionCallContent(
            call.GetProperty("id").GetString()!, function.GetProperty("name").GetString()!, Arguments(function));
    }

    // They are a text that holds JSON, and a model may have written it badly.
    private static Dictionary<string, object?> Arguments(JsonElement function)
    {
        try
        {
            return JsonElement.Parse(function.Text("arguments") ?? "{}").Arguments();
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
