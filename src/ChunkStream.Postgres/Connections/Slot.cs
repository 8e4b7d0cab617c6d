namespace ChunkStream.Postgres.Connections;

/// <summary>A place among the connections. Disposing gives it back, once.</summary>
/// <param name="owner">Gave the place.</param>
/// <param name="isAnonymous">Whether the stream's caller gave no key.</param>
internal sealed class Slot(ConnectionSlots owner, bool isAnonymous) : IDisposable
{
    private bool _released;

    /// <summary>Who waits for a place, and could have this one.</summary>
    public SlotWanted Wanted => owner.Wanted(isAnonymous);

    /// <summary>Waits until somebody else needs the place, or the reader is back, or the time is over.</summary>
    /// <returns>Whether the reader is back.</returns>
    public async Task<bool> OfferAsync(Task reader, TimeSpan atMost, CancellationToken cancellation)
    {
        var offer = owner.Offer(isAnonymous);
        var isBack = false;
        try
        {
            await Task.WhenAny(reader, offer.Accepted.Task)
                .WaitAsync(atMost, owner.Time, cancellation)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Nobody needs the place, but a reader that stalls for so long is not worth holding a snapshot for.
        }
        finally
        {
            isBack = reader.IsCompleted;
            owner.Withdraw(offer, isKept: isBack);
        }

        return isBack;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_released)
            return;
        _released = true;
        owner.Release(isAnonymous);
    }
}

/// <summary>The offer of a stream whose reader stalls to give its place to another.</summary>
/// <param name="isAnonymous">Whether the stream's caller gave no key.</param>
internal sealed class SlotOffer(bool isAnonymous)
{
    public bool IsAnonymous => isAnonymous;

    /// <summary>Completes when the place is needed.</summary>
    public TaskCompletionSource Accepted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}
