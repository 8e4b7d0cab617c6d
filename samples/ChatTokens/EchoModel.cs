using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace ChatTokens;

/// <summary>A chat model that needs no network: it says what it was asked, token by token.</summary>
internal sealed class EchoModel : IChatClient
{
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var token in new[] { "You", " asked:", " ", messages.Last().Text, "\n" })
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, token);
            await Task.Delay(50, cancellationToken);
        }
    }

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        => await GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

    public object? GetService(Type serviceType, object? serviceKey = null) => null;

    public void Dispose()
    {
    }
}
