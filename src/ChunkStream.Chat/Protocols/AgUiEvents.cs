using System.Text.Json;

namespace ChunkStream.Chat.Protocols;

/// <summary>Makes the events of AG-UI of the parts of an answer, which come in their order.</summary>
/// <param name="threadId">The chat's id.</param>
internal sealed class AgUiEvents(string threadId)
{
    private string? _runId;
    private ChatEnd? _end;
    private bool _isOver;

    /// <summary>The events of the next part, which may be none.</summary>
    public IEnumerable<AgUiEvent> Add(UiChunk part)
    {
        // Whatever AI SDK has after it, the end of a run is the last event.
        if (_isOver)
            return [];
        (_runId, _end) = (part.MessageId ?? _runId, part.Data ?? _end);
        _isOver = part.Type is "finish" or "abort" or "error";
        return part.Type switch
        {
            "start" => [new("RUN_STARTED") { ThreadId = threadId, RunId = _runId }],
            "text-start" => [new("TEXT_MESSAGE_START") { MessageId = Message(part.Id), Role = "assistant" }],
            "text-delta" => [new("TEXT_MESSAGE_CONTENT") { MessageId = Message(part.Id), Delta = part.Delta }],
            "text-end" => [new("TEXT_MESSAGE_END") { MessageId = Message(part.Id) }],
            "reasoning-start" =>
            [
                new("REASONING_START") { MessageId = Message(part.Id) },
                new("REASONING_MESSAGE_START") { MessageId = Message(part.Id), Role = "reasoning" },
            ],
            "reasoning-delta" =>
            [
                new("REASONING_MESSAGE_CONTENT") { MessageId = Message(part.Id), Delta = part.Delta },
            ],
            "reasoning-end" =>
            [
                new("REASONING_MESSAGE_END") { MessageId = Message(part.Id) },
                new("REASONING_END") { MessageId = Message(part.Id) },
            ],
            "tool-input-available" => Call(part),
            "tool-output-available" => [Result(part.ToolCallId!, Text(part.Output))],
            "tool-output-error" => [Result(part.ToolCallId!, part.ErrorText!)],
            "file" => [new("CUSTOM") { Name = "file", Value = File(part) }],
            "finish" => [Finished("success")],
            "abort" => [Finished("cancelled")],
            "error" => [new("RUN_ERROR") { Message = part.ErrorText, Code = _end?.Outcome }],
            _ => [],
        };
    }

    private string Message(string? part) => $"{_runId}-{part}";

    private static AgUiEvent[] Call(UiChunk part) =>
    [
        new("TOOL_CALL_START") { ToolCallId = part.ToolCallId, ToolCallName = part.ToolName },
        new("TOOL_CALL_ARGS") { ToolCallId = part.ToolCallId, Delta = part.Input?.GetRawText() ?? "{}" },
        new("TOOL_CALL_END") { ToolCallId = part.ToolCallId },
    ];

    private AgUiEvent Result(string call, string content)
        => new("TOOL_CALL_RESULT") { MessageId = Message(call), ToolCallId = call, Content = content, Role = "tool" };

    private static string Text(JsonElement? output)
        => output is not { } value ? "null"
            : value.ValueKind is JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static JsonElement File(UiChunk part)
        => JsonSerializer.SerializeToElement(
            new UiChunk("file") { Url = part.Url, MediaType = part.MediaType }, ChatJson.Readable.UiChunk);

    private AgUiEvent Finished(string outcome) => new("RUN_FINISHED")
    {
        ThreadId = threadId,
        RunId = _runId,
        Outcome = new AgUiOutcome(outcome),
        Usage = _end?.Usage is { } usage ? [usage] : null,
    };
}
