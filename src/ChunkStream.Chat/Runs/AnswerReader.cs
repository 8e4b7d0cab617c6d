using ChunkStream.Chat.Protocols;
using ChunkStream.Streaming;
using Microsoft.Extensions.AI;

namespace ChunkStream.Chat.Runs;

/// <summary>
/// Reads a model's answer to its end, whatever that is: what the model throws is an outcome here.
/// </summary>
/// <param name="answer">Asks the model.</param>
/// <param name="scope">The services that the model may use: released after it.</param>
/// <param name="parts">Takes the updates apart.</param>
/// <param name="time">Measures how long an end may take.</param>
/// <param name="ended">Ends the answer: its token is the model's.</param>
/// <param name="stopped">Completes when somebody has asked for the end.</param>
internal sealed class AnswerReader(
    Func<CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> answer,
    IAsyncDisposable scope,
    AnswerParts parts,
    TimeProvider time,
    CancellationTokenSource ended,
    Task stopped)
{
    // An answer that was stopped ends within a second, also if the model does not heed its token.
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(0.4);

    private IAsyncEnumerator<ChatResponseUpdate>? _updates;
    private Task<bool>? _next;

    /// <summary>Why the answer ended before its end; null if it goes on, or is complete.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>The parts of the next update, which may be none; null at the end.</summary>
    public async ValueTask<List<UiChunk>?> NextAsync()
    {
        try
        {
            await EndIfStoppedAsync().ConfigureAwait(false);
            _updates ??= answer(ended.Token).GetAsyncEnumerator(ended.Token);
            _next = _updates.MoveNextAsync().AsTask();
            if (!_next.IsCompleted)
            {
                await Task.WhenAny(_next, stopped).WaitAsync(ended.Token).ConfigureAwait(false);
                await EndIfStoppedAsync().ConfigureAwait(false);
            }

            return await _next.ConfigureAwait(false) ? parts.Add(_updates.Current) : null;
        }
        catch (Exception failure)
        {
            Failure = failure;
            return null;
        }
    }

    /// <summary>
    /// Lets the model's own end run, and that of its services, before readers are told of the end. False if that takes
    /// too long: it goes on then.
    /// </summary>
    public async Task<bool> ReleaseAsync()
    {
        var releasing = Background.Run(DisposeAsync);
        var isReleased = await releasing.CompletesWithinAsync(ReleaseLimit, time, CancellationToken.None)
            .ConfigureAwait(false);
        if (isReleased && releasing.Exception?.InnerException is { } failure)
            Failure ??= failure;
        return isReleased;
    }

    // Also between two updates: a model that never waits has to end, too.
    private async ValueTask EndIfStoppedAsync()
    {
        if (stopped.IsCompleted)
            await ended.CancelAsync().ConfigureAwait(false);
        ended.Token.ThrowIfCancellationRequested();
    }

    // An enumerator must not be disposed while it moves.
    private async Task DisposeAsync()
    {
        await (_next ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            if (_updates is not null)
                await _updates.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            await scope.DisposeAsync().ConfigureAwait(false);
        }
    }
}
