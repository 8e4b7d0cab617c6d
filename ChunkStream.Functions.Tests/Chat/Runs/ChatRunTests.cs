using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChunkStream.Chat;
using ChunkStream.Chat.Runs;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Streaming;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Chat.Runs;

/// <summary>What an answer holds is released once, whatever ends it, and before its end is told.</summary>
public sealed class ChatRunTests
{
    private readonly List<string> _ended = [];
    private readonly RecordedLog _log = new();

    [Fact]
    public async Task An_answer_that_is_cut_while_nobody_waits_for_the_model_releases_the_model()
    {
        using var cutting = new CancellationTokenSource();
        var source = Open(() => ValueTask.CompletedTask, cutting.Token);
        var read = "";
        while (!read.Contains("One", StringComparison.Ordinal) && await source.WaitToReadAsync())
            read = source.TryRead() ? Written.By(source.WriteRecord) : read;
        Assert.Empty(_ended);

        await cutting.CancelAsync();
        await source.DisposeAsync().AsTask().Within();

        Assert.Equal(["model", "services"], _ended);
    }

    [Theory]
    [InlineData(false, "finished")]
    [InlineData(true, "failed")]
    public async Task An_answer_tells_one_end_after_its_services_have_theirs(bool fails, string outcome)
    {
        await using var source = Open(
            async () =>
            {
                await Task.Yield();
                if (fails)
                    throw new InvalidOperationException("secret");
            },
            CancellationToken.None);
        var ends = new List<string>();
        while (await source.WaitToReadAsync().AsTask().Within())
        {
            while (source.TryRead())
            {
                if (JsonNode.Parse(Written.By(source.WriteRecord))! is var part && (string?)part["type"] != "data-end")
                    continue;
                ends.Add((string)part["data"]!["outcome"]!);
                Assert.Equal(["model", "services"], _ended);
            }
        }

        Assert.Equal([outcome], ends);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_fails_at_the_end_of_an_answer_that_was_stopped_is_logged_however_late(bool isLate)
    {
        var told = new TaskCompletionSource();
        var run = Create(() => ValueTask.CompletedTask, NotSaved);
        var recordable = run.Recordable(new RecordingName("chat", "1"), "Why?");
        await using var source = recordable.Open(CancellationToken.None);
        var read = "";
        while (await source.WaitToReadAsync().AsTask().Within())
        {
            while (source.TryRead())
                read += Written.By(source.WriteRecord);
            if (read.Contains("One", StringComparison.Ordinal))
                recordable.Stop!();
        }

        Assert.Contains("\"outcome\":\"stopped\"", read, StringComparison.Ordinal);
        Assert.Equal(isLate, _log.Entries.Any(entry => entry.Event.Name == "ChatAnswerNotReleased"));
        Assert.Equal(!isLate, _log.Entries.Any(entry => entry.Event.Name == "ChatAnswerEndFailed"));
        told.SetResult();
        var logged = await _log.FindAsync(entry => entry.Event.Name == "ChatAnswerEndFailed", "the failure is logged");
        Assert.Equal("The database is away.", logged.Exception?.Message);

        async IAsyncEnumerable<ChatResponseUpdate> NotSaved(
            ChatTurn turn, [EnumeratorCancellation] CancellationToken cancellation)
        {
            try
            {
                yield return new ChatResponseUpdate(ChatRole.Assistant, "One");
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            finally
            {
                await SaveAsync();
            }
        }

        async Task SaveAsync()
        {
            if (isLate)
                await told.Task;
            throw new InvalidOperationException("The database is away.");
        }
    }

    private StreamSource Open(Func<ValueTask> release, CancellationToken cancellation)
        => Create(release, Answer).Recordable(new RecordingName("chat", "1"), "Why?").Open(cancellation);

    private ChatRun Create(
        Func<ValueTask> release, Func<ChatTurn, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> answer)
    {
        var services = new ServiceCollection()
            .AddScoped(_ => new Service(async () =>
            {
                _ended.Add("services");
                await release();
            }))
            .BuildServiceProvider();
        return new ChatRun(
            new ChatTurn("1", [], JsonElement.Parse("{}"), new()),
            "msg-1",
            answer,
            new ChatStreamOptions(),
            services.GetRequiredService<IServiceScopeFactory>(),
            TimeProvider.System,
            new ChatLog(_log.CreateLogger("ChunkStream.Chat")));
    }

    private async IAsyncEnumerable<ChatResponseUpdate> Answer(
        ChatTurn turn, [EnumeratorCancellation] CancellationToken cancellation)
    {
        turn.Services.GetRequiredService<Service>();
        try
        {
            await Task.Yield();
            yield return new ChatResponseUpdate(ChatRole.Assistant, "One");
            yield return new ChatResponseUpdate(ChatRole.Assistant, "Two");
        }
        finally
        {
            _ended.Add("model");
        }
    }

    private sealed class Service(Func<ValueTask> release) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => release();
    }
}
