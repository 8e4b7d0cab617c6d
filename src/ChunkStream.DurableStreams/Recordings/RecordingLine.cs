using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// The line in front of a quota: one at a time counts what there is and creates one recording more, and a few wait for
/// that. The line is short, because it has to end within the time for which a client waits, also where the database is
/// slow.
/// </summary>
/// <param name="store">Counts the recordings that there are.</param>
internal sealed class RecordingLine(RecordingStore store) : IDisposable
{
    private const int MostWaiting = 16;

    private readonly SemaphoreSlim _counting = new(1, 1);
    private int _counts;

    /// <summary>Begins a recording if its quota is not used up.</summary>
    /// <param name="quota">The quota.</param>
    /// <param name="begin">Begins the recording.</param>
    /// <exception cref="ProblemException">The quota is used up, or the line is full: 503.</exception>
    public async Task<FoundRecording> BeginAsync(RecordingQuota quota, Func<Task<FoundRecording>> begin)
    {
        try
        {
            if (Interlocked.Increment(ref _counts) > 1 + MostWaiting)
                throw new ProblemException(DurableProblems.TooManyRecordingsAtOnce);
            await _counting.WaitAsync().ConfigureAwait(false);
            try
            {
                var isFull = await store.HasAsync(quota.Prefix, quota.Recordings, CancellationToken.None)
                    .ConfigureAwait(false);
                return isFull
                    ? throw new ProblemException(DurableProblems.RecordingQuotaReached(quota.Recordings))
                    : await begin().ConfigureAwait(false);
            }
            finally
            {
                _counting.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _counts);
        }
    }

    /// <inheritdoc />
    public void Dispose() => _counting.Dispose();
}
