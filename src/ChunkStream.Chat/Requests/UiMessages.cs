using System.Text.Json;
using Microsoft.Extensions.AI;

namespace ChunkStream.Chat.Requests;

/// <summary>
/// AI SDK's UI messages as messages for a model. Texts, files, and calls of tools with their results are taken over;
/// the reasoning of earlier answers and what is only for the page is not, nor are calls without a result, which models
/// refuse.
/// </summary>
internal static class UiMessages
{
    /// <summary>Reads the messages.</summary>
    public static List<ChatMessage> Read(IEnumerable<JsonElement> messages)
    {
        var read = new List<ChatMessage>();
        foreach (var message in messages)
        {
            var role = message.GetProperty("role").GetString()!;
            if (role == "assistant")
                ReadAnswer(message, read);
            else
                Add(read, new ChatRole(role), message.Items("parts").Select(Content));
        }

        return read;
    }

    // One message of the assistant has all steps of an answer. A model wants the results of a step's tools in a message
    // of their own, before the next step.
    private static void ReadAnswer(JsonElement message, List<ChatMessage> read)
    {
        var (said, results) = (new List<AIContent?>(), new List<AIContent?>());
        foreach (var part in message.Items("parts"))
        {
            var isCall = IsCall(part);
            if (part.Text("type") == "step-start" || (results.Count > 0 && !isCall))
                EndStep();
            if (!isCall)
            {
                said.Add(Content(part));
            }
            else if (Result(part) is { } result)
            {
                said.Add(Call(part));
                results.Add(result);
            }
        }

        EndStep();

        void EndStep()
        {
            Add(read, ChatRole.Assistant, said);
            Add(read, ChatRole.Tool, results);
            said.Clear();
            results.Clear();
        }
    }

    private static void Add(List<ChatMessage> read, ChatRole role, IEnumerable<AIContent?> contents)
    {
        if (contents.OfType<AIContent>().ToList() is { Count: > 0 } some)
            read.Add(new ChatMessage(role, some));
    }

    private static AIContent? Content(JsonElement part) => part.Text("type") switch
    {
        "text" => new TextContent(part.Text("text")),
        "file" when part.Text("url") is { } url => JsonMembers.File(url, part.Text("mediaType")),
        _ => null,
    };

    private static bool IsCall(JsonElement part)
        => part.Text("type") is { } type
            && (type == "dynamic-tool" || type.StartsWith("tool-", StringComparison.Ordinal));

    private static FunctionCallContent Call(JsonElement part)
    {
        var type = part.Text("type")!;
        var name = type == "dynamic-tool" ? part.GetProperty("toolName").GetString()! : type["tool-".Length..];
        var arguments = part.TryGetProperty("input", out var input) ? input.Arguments() : [];
        return new FunctionCallContent(part.GetProperty("toolCallId").GetString()!, name, arguments);
    }

    private static FunctionResultContent? Result(JsonElement part) => part.Text("state") switch
    {
        "output-available" => new FunctionResultContent(
            part.GetProperty("toolCallId").GetString()!,
            part.TryGetProperty("output", out var output) ? output : null),
        "output-error" => new FunctionResultContent(
            part.GetProperty("toolCallId").GetString()!, part.Text("errorText") ?? "The tool failed."),
        _ => null,
    };
}
