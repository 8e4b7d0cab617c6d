using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;

namespace ChatSample;

/// <summary>
/// A chat model that needs no network: it thinks, uses a tool, and counts to the number in the last message.
/// </summary>
internal sealed partial class CountingModel : IChatClient
{
    private const string Call = "call-1";

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var number = Number.Match(messages.LastOrDefault()?.Text ?? "");
        var last = number.Success ? int.Parse(number.Value, CultureInfo.InvariantCulture) : 10;
        yield return Says(new TextReasoningContent($"They want me to count to {last}."));
        yield return Says(new FunctionCallContent(Call, "clock", new Dictionary<string, object?> { ["zone"] = "UTC" }));
        yield return new ChatResponseUpdate(ChatRole.Tool, [new FunctionResultContent(Call, "noon")]);
        for (var count = 1; count <= last; count++)
        {
            await Task.Delay(50, cancellationToken);
            yield return Says(new TextContent($"{count} "));
        }

        yield return new ChatResponseUpdate(ChatRole.Assistant, "done.") { FinishReason = ChatFinishReason.Stop };
    }

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        => await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }

    private static ChatResponseUpdate Says(AIContent content) => new(ChatRole.Assistant, [content]);

    [GeneratedRegex("[0-9]{1,5}")]
    private static partial Regex Number { get; }
}
