using System.Globalization;
using System.Runtime.CompilerServices;
using ChunkStream;
using ChunkStream.Chat;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.AI;

namespace FunctionApp;

/// <summary>A chat for AI SDK's useChat. It needs a Postgres database in ConnectionStrings__Postgres.</summary>
public sealed class ChatFunctions
{
    [Function("chat")]
    public IResult Ask([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "chat")] HttpRequest request)
        => StreamResults.Chat(Answer);

    [Function("chat-stream")]
    public IResult GoOn(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "delete", Route = "chat/{id}/stream")] HttpRequest request)
        => StreamResults.Chat(Answer);

    // In place of a model: it counts to the number that it is asked for. The token is cancelled when the answer is
    // stopped, and not when a client leaves.
    private static async IAsyncEnumerable<ChatResponseUpdate> Answer(
        ChatTurn turn, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var last = int.Parse(turn.Messages[^1].Text, CultureInfo.InvariantCulture);
        for (var number = 1; number <= last; number++)
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, $"{number} ");
            await Task.Delay(50, cancellation);
        }
    }
}
