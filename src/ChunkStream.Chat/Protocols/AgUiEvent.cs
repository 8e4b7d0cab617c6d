using System.Text.Json;
using System.Text.Json.Serialization;

namespace ChunkStream.Chat.Protocols;

/// <summary>An event of AG-UI 1.0.</summary>
/// <param name="Type">What it is, such as <c>TEXT_MESSAGE_CONTENT</c>.</param>
internal sealed record AgUiEvent([property: JsonPropertyOrder(-1)] string Type)
{
    /// <summary>The thread: the chat's id.</summary>
    public string? ThreadId { get; init; }

    /// <summary>The run.</summary>
    public string? RunId { get; init; }

    /// <summary>The message that it belongs to.</summary>
    public string? MessageId { get; init; }

    /// <summary>Whose message it is.</summary>
    public string? Role { get; init; }

    /// <summary>What is added to a message, or to the arguments of a call.</summary>
    public string? Delta { get; init; }

    /// <summary>Which call of a tool it belongs to.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>The tool's name.</summary>
    public string? ToolCallName { get; init; }

    /// <summary>What a tool gave.</summary>
    public string? Content { get; init; }

    /// <summary>How a run that did not fail has ended.</summary>
    public AgUiOutcome? Outcome { get; init; }

    /// <summary>What is told of a failure.</summary>
    public string? Message { get; init; }

    /// <summary>The kind of a failure.</summary>
    public string? Code { get; init; }

    /// <summary>The tokens that a model counted.</summary>
    public IReadOnlyList<ChatUsage>? Usage { get; init; }

    /// <summary>The name of an event that the protocol does not know.</summary>
    public string? Name { get; init; }

    /// <summary>The value of an event that the protocol does not know.</summary>
    public JsonElement? Value { get; init; }
}

/// <summary>How a run has ended.</summary>
/// <param name="Type"><c>success</c> or <c>cancelled</c>.</param>
internal sealed record AgUiOutcome(string Type);
