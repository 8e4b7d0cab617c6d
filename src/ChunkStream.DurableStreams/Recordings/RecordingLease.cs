namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// What this process says to the database of the recordings that it makes, and hears of them there: that they go on,
/// and which of them are to end.
/// </summary>
/// <param name="store">Has the recordings.</param>
/// <param name="log">Logs that the database is away.</param>
internal sealed class RecordingLease(RecordingStore store, RecordingLog log)
{
    private bool _isAway;

    /// <summary>Says that recordings go on. Ends those that are deleted, and hears of readers elsewhere.</summary>
    /// <param name="recordings">The recordings, by the numbers of their streams.</param>
    public Task RenewAsync(Dictionary<long, Recording> recordings) => LoggedAsync(async () =>
    {
        foreach (var (id, isOver, unreadSeconds) in await store.RenewAsync(recordings.Keys, CancellationToken.None)
            .ConfigureAwait(false))
        {
            if (isOver)
                recordings[id].Cut(RecordingCut.Failed, DurableProblems.RecordingDeleted);
            else if (unreadSeconds is { } seconds)
                recordings[id].ReadElsewhere(TimeSpan.FromSeconds(seconds));
        }
    });

    /// <summary>
    /// Ends the runs that somebody wants to end, and those that a later run has replaced because this process was
    /// believed dead. It asks, and does not wait for a notice, because a notice may be lost.
    /// </summary>
    /// <param name="runs">The runs, by the numbers of their streams.</param>
    public Task StopAskedAsync(Dictionary<long, Recording> runs) => LoggedAsync(async () =>
    {
        foreach (var (id, isReplaced) in await store.StopsAsync(runs.Keys, CancellationToken.None)
            .ConfigureAwait(false))
        {
            if (isReplaced)
                runs[id].Cut(RecordingCut.Abandoned, RecordingCut.Abandoned.Describe());
            else
                runs[id].Stop();
        }
    });

    // A failure is logged once for each time that the database is away.
    private async Task LoggedAsync(Func<Task> call)
    {
        try
        {
            await call().ConfigureAwait(false);
            _isAway = false;
        }
        catch (Exception e)
        {
            if (!_isAway)
                log.NotRenewed(e);
            _isAway = true;
        }
    }
}
