using System.Runtime.CompilerServices;
using ChunkStream.Chat.Protocols;
using ChunkStream.DurableStreams.Recordings;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Chat.Runs;

/// <summary>
/// One answer of a model: what a recording runs. It always ends with parts that say how it ended, unless its process
/// ends before.
/// </summary>
/// <param name="turn">What is to be answered.</param>
/// <param name="id">The answer's id: the message of the assistant that it is, and the run.</param>
/// <param name="answer">Asks the model.</param>
/// <param name="options">How long it may take, and what is told of a failure.</param>
/// <param name="scopes">Makes the scope of the answer's services.</param>
/// <param name="time">Measures how long it takes.</param>
/// <param name="log">Logs failures.</param>
internal sealed class ChatRun(
    ChatTurn turn,
    string id,
    Func<ChatTurn, CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> answer,
    ChatStreamOptions options,
    IServiceScopeFactory scopes,
    TimeProvider time,
    ChatLog log)
{
    private const string FailedText = "The answer failed.";
    private const string TooLongText = "The answer took longer than it may, and was ended.";

    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The generator that a recording runs, or the shape of what another instance records.</summary>
    /// <param name="name">The chat's recordings.</param>
    /// <param name="subject">What is answered.</param>
    public RecordableGenerator Recordable(RecordingName name, string subject)
        => Shape(name, PartsAsync) with { Subject = subject, Stop = () => _stopped.TrySetResult() };

    /// <summary>The shape of any answer of a chat.</summary>
    public static RecordableGenerator Shape(
        RecordingName name, Func<CancellationToken, IAsyncEnumerable<UiChunk>>? generate = null)
    {
        generate ??= _ => AsyncEnumerable.Empty<UiChunk>();
        return RecordableGenerator.Create(name, generate, ChatJson.Readable.UiChunk) with
        {
            IsRun = true,
            GoesOnUnread = true,
        };
    }

    private async IAsyncEnumerable<UiChunk> PartsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(options.MaxAnswerDuration, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var scope = scopes.CreateAsyncScope();
        turn.Services = scope.ServiceProvider;
        var parts = new AnswerParts();
        var reader = new AnswerReader(token => answer(turn, token), scope, parts, time, ended, _stopped.Task);
        try
        {
            foreach (var part in AnswerParts.Start(id))
                yield return part;
            while (await reader.NextAsync().ConfigureAwait(false) is { } next)
            {
                foreach (var part in next)
                    yield return part;
            }
        }
        finally
        {
            // Here, because a recording may be cut while it stores a part, and asks for no other then.
            if (!await reader.ReleaseAsync(e => log.EndFailed(options.Name, e)).ConfigureAwait(false))
                log.AnswerNotReleased(options.Name);
        }

        cancellation.ThrowIfCancellationRequested();
        var (outcome, errorText) = _stopped.Task.IsCompleted && reader.Failure is not null
            ? (ChatEnd.Stopped, null)
            : End(reader.Failure, limit.IsCancellationRequested);
        foreach (var part in parts.End(outcome, errorText))
            yield return part;
    }

    private (string Outcome, string? ErrorText) End(Exception? failure, bool isTooLong)
    {
        if (failure is null)
            return (ChatEnd.Finished, null);
        log.AnswerFailed(options.Name, failure);
        return (ChatEnd.Failed, isTooLong ? TooLongText : Describe(failure) ?? FailedText);
    }

    private string? Describe(Exception failure)
    {
        try
        {
            return options.DescribeFailure?.Invoke(failure);
        }
        catch (Exception e)
        {
            // Readers wait for the end, whatever the app's code does.
            log.AnswerFailed(options.Name, e);
            return null;
        }
    }
}
