using ChunkStream.DurableStreams.Store;
using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// Reads of the database for live readers: not too many at a time, since others want to write. If they fail, the log
/// has it once, until one succeeds again.
/// </summary>
/// <param name="store">Has the streams.</param>
/// <param name="most">How many reads may run at a time. At least 1.</param>
/// <param name="time">The clock that measures the pauses after failures.</param>
/// <param name="log">Logs that reads fail.</param>
internal sealed class LiveReads(DurableStore store, int most, TimeProvider time, DurableLog log) : IDisposable
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    // How many streams one call asks for.
    private const int MostLooks = 1_000;

    private readonly SemaphoreSlim _places = new(most);
    private readonly CancellationTokenSource _stop = new();
    private int _isFailing;

    /// <summary>Whether the process stops.</summary>
    public bool IsStopping => _stop.IsCancellationRequested;

    /// <summary>Cancelled when the process stops.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Reads a segment of a stream.</summary>
    /// <param name="id">The stream's number.</param>
    /// <param name="from">Where to begin.</param>
    /// <param name="to">Where to end at the latest; null: at the tail.</param>
    public async Task<StoredSegment> ReadAsync(long id, long from, long? to)
    {
        await _places.WaitAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            var stored = await store.ReadOnAsync(id, from, to, LiveStreams.SegmentBytes, _stop.Token)
                .ConfigureAwait(false);
            Volatile.Write(ref _isFailing, 0);
            return stored;
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Asks how far streams are, and tells them. A failure is logged, and only this look is lost.</summary>
    public async Task LookAsync(IReadOnlyCollection<LiveStream> streams)
    {
        foreach (var some in streams.Chunk(MostLooks))
        {
            try
            {
                var byId = some.ToDictionary(live => live.Id);
                var looked = await store.LookAsync(byId.Keys, _stop.Token).ConfigureAwait(false);
                foreach (var (id, tail, isClosed, isOver) in looked)
                {
                    if (isOver)
                        byId[id].End();
                    else
                        byId[id].Saw(tail, isClosed);
                }
            }
            catch (Exception e) when (!IsStopping)
            {
                Failed(e);
            }
        }
    }

    /// <summary>Waits before the next try of a read.</summary>
    public Task PauseAfterAsync(Exception failure, int failures)
    {
        Failed(failure);
        return Task.Delay(Backoff.Compute(failures, LongestPause), time, _stop.Token);
    }

    /// <summary>Ends the reads that are under way, and begins no more.</summary>
    public void Stop() => _stop.Cancel();

    /// <inheritdoc />
    public void Dispose() => _stop.Dispose();

    private void Failed(Exception failure)
    {
        if (Interlocked.Exchange(ref _isFailing, 1) == 0)
            log.NotRead(failure);
    }
}
