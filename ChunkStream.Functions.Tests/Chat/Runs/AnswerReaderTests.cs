using ChunkStream.Chat.Runs;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Chat.Runs;

/// <summary>An answer ends when somebody wants it to, whatever the model does.</summary>
public sealed class AnswerReaderTests
{
    [Fact]
    public async Task A_stop_and_a_limit_end_a_model_that_never_waits()
    {
        foreach (var isLimit in new[] { false, true })
        {
            using var ended = new CancellationTokenSource();
            var stopped = new TaskCompletionSource();
            await using var services = new ServiceCollection().BuildServiceProvider();
            var reader = new AnswerReader(
                _ => Endless(), services, new AnswerParts(), TimeProvider.System, ended, stopped.Task);
            Assert.NotNull(await reader.NextAsync());
            Assert.NotNull(await reader.NextAsync());
            if (isLimit)
                await ended.CancelAsync();
            else
                stopped.SetResult();

            Assert.Null(await reader.NextAsync());
            Assert.IsAssignableFrom<OperationCanceledException>(reader.Failure);
            Assert.True(ended.IsCancellationRequested);
            Assert.True(await reader.ReleaseAsync(_ => { }).Within());
        }
    }

    // It looks at no token, and is there at once.
    private static async IAsyncEnumerable<ChatResponseUpdate> Endless()
    {
        await Task.CompletedTask;
        while (true)
            yield return new ChatResponseUpdate(ChatRole.Assistant, "on and ");
    }
}
