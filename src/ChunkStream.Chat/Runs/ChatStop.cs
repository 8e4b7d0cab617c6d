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
    public async Task<bool> RunAsync(RecordingName name, CancellationToken cancellation)
    {
        var run = await store.FindRunAsync(name, cancellation).ConfigureAwait(false);
        if (run.Stream is not { Closed: false } stream || run.Cut is not null)
            return true;
        await store.AskToStopAsync(stream.Id, cancellation).ConfigureAwait(false);
        for (var began = time.GetTimestamp(); time.GetElapsedTime(began) < Limit;)
        {
            await Task.Delay(LookEach, time, cancellation).ConfigureAwait(false);
            var state = await store.LookAsync(stream.Id, cancellation).ConfigureAwait(false);
            if (state.IsComplete || state.IsOver || state.Cut is not null)
                return true;
        }

        return false;
    }
}
