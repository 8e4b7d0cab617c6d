using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkStream.Chat.Protocols;

/// <summary>
/// A part of an answer as AI SDK's UI message stream has it. This is what is recorded; other protocols are made of it.
/// </summary>
/// <param name="Type">What it is, such as <c>text-delta</c>.</param>
internal sealed record UiChunk([property: JsonPropertyOrder(-1)] string Type)
{
    /// <summary>Which text or reasoning it belongs to.</summary>
    public string? Id { get; init; }

    /// <summary>The message of the assistant that the answer is.</summary>
    public string? MessageId { get; init; }

    /// <summary>What is added to a text.</summary>
    public string? Delta { get; init; }

    /// <summary>Which call of a tool it belongs to.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The tool's name.</summary>
    public string? ToolName { get; init; }

    /// <summary>The arguments of a call.</summary>
    public JsonElement? Input { get; init; }

    /// <summary>What a tool gave.</summary>
    public JsonElement? Output { get; init; }

    /// <summary>Where a file is.</summary>
    public string? Url { get; init; }

    /// <summary>A file's media type.</summary>
    public string? MediaType { get; init; }

    /// <summary>What readers are told of a failure.</summary>
    public string? ErrorText { get; init; }

    /// <summary>Why the model has ended.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Why the answer was ended before that.</summary>
    public string? Reason { get; init; }

    /// <summary>How the answer ended, in the part <c>data-end</c>.</summary>
    public ChatEnd? Data { get; init; }

    /// <summary>Whether a part of data is for the page only, and no part of the message.</summary>
    public bool? Transient { get; init; }
}

/// <summary>How an answer ended: its last part.</summary>
/// <param name="Outcome"><c>finished</c>, <c>stopped</c>, <c>failed</c> or <c>abandoned</c>.</param>
internal sealed record ChatEnd(string Outcome)
{
    /// <summary>The model finished.</summary>
    public const string Finished = "finished";

    /// <summary>Somebody stopped it.</summary>
    public const string Stopped = "stopped";

    /// <summary>The model, a tool or the database failed.</summary>
    public const string Failed = "failed";

    /// <summary>The process that made it is gone.</summary>
    public const string Abandoned = "abandoned";

    /// <summary>What the model counted, if it did.</summary>
    public ChatUsage? Usage { get; init; }
}

/// <summary>The tokens that a model counted.</summary>
internal sealed record ChatUsage(long? InputTokens, long? OutputTokens, long? TotalTokens);
