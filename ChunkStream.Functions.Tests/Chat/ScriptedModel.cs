using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ChunkStream.Chat;
using ChunkStream.Functions.Tests.Support;
using Microsoft.Extensions.AI;

namespace ChunkStream.Functions.Tests.Chat;

/// <summary>A model, on any number of instances, whose answers a test makes token by token.</summary>
internal sealed class ScriptedModel
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Channel<ChatResponseUpdate> _updates = Channel.CreateUnbounded<ChatResponseUpdate>();
    private int _starts;

    /// <summary>How often it was asked.</summary>
    public int Starts => _starts;

    /// <summary>What it was asked last.</summary>
    public ChatTurn? Turn { get; private set; }

    /// <summary>Whether it goes on when it is told to stop.</summary>
    public bool IsDeaf { get; init; }

    /// <summary>Completes when an answer has ended, with its own last words.</summary>
    public Task Released => _released.Task;

    public ScriptedModel Say(params IEnumerable<string> tokens)
        => Give([.. tokens.Select(token => new TextContent(token))]);

    public ScriptedModel Give(params AIContent[] contents)
    {
        foreach (var content in contents)
            Assert.True(_updates.Writer.TryWrite(new ChatResponseUpdate(ChatRole.Assistant, [content])));
        return this;
    }

    public ScriptedModel End(ChatFinishReason? reason = null)
    {
        Assert.True(_updates.Writer.TryWrite(new ChatResponseUpdate { FinishReason = reason }));
        _updates.Writer.Complete();
        return this;
    }

    public void Fail(Exception failure) => _updates.Writer.Complete(failure);

    /// <summary>Its next answer is another one.</summary>
    public ScriptedModel Again()
    {
        _updates = Channel.CreateUnbounded<ChatResponseUpdate>();
        return this;
    }

    /// <summary>Waits until it was asked so often.</summary>
    public Task AskedAsync(int times = 1)
        => Bounded.Until(() => Task.FromResult(_starts >= times), "the model was asked");

    public async IAsyncEnumerable<ChatResponseUpdate> Answer(
        ChatTurn turn, [EnumeratorCancellation] CancellationToken cancellation)
    {
        Turn = turn;
        Interlocked.Increment(ref _starts);
        try
        {
            var token = IsDeaf ? CancellationToken.None : cancellation;
            await foreach (var update in _updates.Reader.ReadAllAsync(token))
                yield return update;
        }
        finally
        {
            _released.TrySetResult();
        }
    }
}
