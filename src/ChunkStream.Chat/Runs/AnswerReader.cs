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
    /// <param name="failed">Is told of a failure of that end, also if readers were told of the end before.</param>
    public async Task<bool> ReleaseAsync(Action<Exception> failed)
    {
        var releasing = Background.Run(() => DisposeAsync(failed));
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

    private async Task DisposeAsync(Action<Exception> failed)
    {
        try
        {
            await DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            failed(failure);
            throw;
        }
    }

    private async Task DisposeAsync()
    {
        try
        {
            // An enumerator must not be disposed while it moves. Once the answer was ended, its app's code at the end
            // of the generator runs in this move, and nobody else hears of what it throws.
            if (_next is not null)
                await _next.ConfigureAwait(false);
        }
        catch (Exception e) when (e == Failure || e is OperationCanceledException)
        {
            // The first is told to readers, and the second is what a model does that heeds its token.
        }
        finally
        {
            await DisposeAllAsync().ConfigureAwait(false);
        }
    }

    private async Task DisposeAllAsync()
    {
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
