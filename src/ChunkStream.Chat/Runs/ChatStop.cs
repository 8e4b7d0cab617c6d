using System.Text.Json;
using ChunkStream.Chat.Protocols;
using ChunkStream.DurableStreams.Recordings;

namespace ChunkStream.Chat.Runs;

/// <summary>Ends a chat's answer, on whichever instance it is made.</summary>
/// <param name="store">Has the recordings.</param>
/// <param name="time">Measures how long it waits.</param>
internal sealed class ChatStop(RecordingStore store, TimeProvider time)
{
    // An answer ends within a second. What takes longer has no recorder any more, or a database that is slow.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookEach = TimeSpan.FromSeconds(0.05);

    /// <summary>
    /// Asks for the end of the answer that goes on, if one does, and waits for it. False if it has not come in time.
    /// </summary>
    /// <param name="name">The chat's recordings.</param>
    /// <param name="answerId">The only answer that may be stopped; null: whichever goes on.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<bool> RunAsync(RecordingName name, string? answerId, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var run = await store.FindRunAsync(name, cancellation).ConfigureAwait(false);
        if (run.Stream is not { } stream)
            return true;
        var state = new RecordingState(IsOver: false, stream.Tail, stream.Closed, run.Cut);
        for (var isAsked = false; !state.IsComplete && !state.IsOver && state.Cut is null;)
        {
            // An answer whose first part is not stored yet has not told its id to anybody else than its own instance.
            if (!isAsked && (answerId is null || state.Tail > 0))
            {
                if (answerId is not null && answerId != await IdAsync(stream.Id, cancellation).ConfigureAwait(false))
                    return true;
                await store.AskToStopAsync(stream.Id, cancellation).ConfigureAwait(false);
                isAsked = true;
            }

            if (time.GetElapsedTime(began) >= Limit)
                return false;
            await Task.Delay(LookEach, time, cancellation).ConfigureAwait(false);
            state = await store.LookAsync(stream.Id, cancellation).ConfigureAwait(false);
        }

        return true;
    }

    // The answer's id is in its first part.
    private async Task<string?> IdAsync(long stream, CancellationToken cancellation)
    {
        var first = await store.ReadAsync(stream, from: 0, to: 1, cancellation).ConfigureAwait(false);
        return JsonSerializer.Deserialize(first.Data.Span, ChatJson.Readable.UiChunk)?.MessageId;
    }
}
