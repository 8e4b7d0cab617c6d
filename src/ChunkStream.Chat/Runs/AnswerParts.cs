using System.Globalization;
using System.Text.Json;
using ChunkStream.Chat.Protocols;
using Microsoft.Extensions.AI;

namespace ChunkStream.Chat.Runs;

/// <summary>
/// Takes a model's updates apart into the parts of an answer, each of which is opened and closed.
/// </summary>
internal sealed class AnswerParts
{
    private readonly HashSet<string> _calls = new(StringComparer.Ordinal);
    private UsageDetails? _usage;
    private ChatFinishReason? _finishReason;
    private string? _openType;
    private int _opened;
    private bool _hasResults;

    /// <summary>The parts with which an answer begins.</summary>
    public static IEnumerable<UiChunk> Start(string messageId)
        => [new("start") { MessageId = messageId }, new("start-step")];

    /// <summary>The parts of an update.</summary>
    /// <exception cref="ModelFailedException">The model says that it has failed.</exception>
    public List<UiChunk> Add(ChatResponseUpdate update)
    {
        var parts = new List<UiChunk>();
        _finishReason = update.FinishReason ?? _finishReason;
        foreach (var content in update.Contents)
            Add(content, parts);
        return parts;
    }

    /// <summary>The parts with which an answer ends.</summary>
    /// <param name="outcome">How.</param>
    /// <param name="errorText">What readers are told of a failure.</param>
    public List<UiChunk> End(string outcome, string? errorText)
    {
        var parts = new List<UiChunk>();
        Close(parts);
        parts.Add(new("finish-step"));
        parts.AddRange(Last(outcome, errorText, FinishReason(outcome), Usage()));
        return parts;
    }

    /// <summary>The last parts: how the answer ended, in a part of data, and in the words of AI SDK.</summary>
    public static IEnumerable<UiChunk> Last(
        string outcome, string? errorText, string? finishReason = null, ChatUsage? usage = null)
    {
        yield return new("data-end") { Data = new ChatEnd(outcome) { Usage = usage }, Transient = true };
        if (outcome == ChatEnd.Stopped)
            yield return new("abort") { Reason = "It was stopped." };
        yield return errorText is null
            ? new("finish") { FinishReason = finishReason }
            : new("error") { ErrorText = errorText };
    }

    private void Add(AIContent content, List<UiChunk> parts)
    {
        switch (content)
        {
            case TextContent { Text.Length: > 0 } text:
                Say("text", text.Text, parts);
                break;
            case TextReasoningContent { Text.Length: > 0 } reasoning:
                Say("reasoning", reasoning.Text, parts);
                break;
            case FunctionCallContent call:
                Begin(parts);
                Call(call.CallId, call.Name, ToJson(call.Arguments ?? new Dictionary<string, object?>()), parts);
                break;
            case FunctionResultContent result:
                Close(parts);
                AddResult(result, parts);
                break;
            case DataContent data:
                Begin(parts);
                parts.Add(new("file") { Url = data.Uri, MediaType = data.MediaType });
                break;
            case UriContent uri:
                Begin(parts);
                parts.Add(new("file") { Url = uri.Uri.ToString(), MediaType = uri.MediaType });
                break;
            case UsageContent usage:
                (_usage ??= new UsageDetails()).Add(usage.Details);
                break;
            case ErrorContent error:
                throw new ModelFailedException(error.Message);
        }
    }

    private void AddResult(FunctionResultContent result, List<UiChunk> parts)
    {
        // A client breaks off at the result of a call that it does not know.
        if (!_calls.Contains(result.CallId))
            Call(result.CallId, "unknown", ToJson(new Dictionary<string, object?>()), parts);
        _hasResults = true;
        parts.Add(result.Exception is null
            ? new("tool-output-available") { ToolCallId = result.CallId, Output = ToJson(result.Result) }
            : new("tool-output-error") { ToolCallId = result.CallId, ErrorText = "The tool failed." });
    }

    private void Call(string id, string name, JsonElement input, List<UiChunk> parts)
    {
        if (_calls.Add(id))
            parts.Add(new("tool-input-available") { ToolCallId = id, ToolName = name, Input = input });
    }

    private void Say(string type, string delta, List<UiChunk> parts)
    {
        if (_openType != type)
        {
            Begin(parts);
            (_openType, _opened) = (type, _opened + 1);
            parts.Add(new(type + "-start") { Id = OpenId });
        }

        parts.Add(new(type + "-delta") { Id = OpenId, Delta = delta });
    }

    // What a model says after it has the results of its tools is another step.
    private void Begin(List<UiChunk> parts)
    {
        Close(parts);
        if (_hasResults)
            parts.AddRange([new("finish-step"), new("start-step")]);
        _hasResults = false;
    }

    private void Close(List<UiChunk> parts)
    {
        if (_openType is not null)
            parts.Add(new(_openType + "-end") { Id = OpenId });
        _openType = null;
    }

    private string OpenId => _opened.ToString(CultureInfo.InvariantCulture);

    private static JsonElement ToJson(object? value)
        => JsonSerializer.SerializeToElement(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(object)));

    private string FinishReason(string outcome) => outcome != ChatEnd.Finished ? "interrupted"
        : _finishReason is not { } reason || reason == ChatFinishReason.Stop ? "stop"
        : reason == ChatFinishReason.Length ? "length"
        : reason == ChatFinishReason.ContentFilter ? "content-filter"
        : reason == ChatFinishReason.ToolCalls ? "tool-calls"
        : "other";

    private ChatUsage? Usage() => _usage is null
        ? null
        : new(_usage.InputTokenCount, _usage.OutputTokenCount, _usage.TotalTokenCount);
}

/// <summary>The model has said in its answer that it failed.</summary>
internal sealed class ModelFailedException(string message) : Exception(message);
