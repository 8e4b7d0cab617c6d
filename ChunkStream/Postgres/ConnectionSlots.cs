namespace ChunkStream.Postgres;

/// <summary>
/// Admission: so many streams hold a connection at a time, some more wait in a queue for a while, and the rest is refused.
/// A stream whose reader stalls offers its place to those who wait, and one that can go on later gives it up for a while.
/// </summary>
/// <param name="slots">How many hold a connection. At least 1.</param>
/// <param name="queueLength">How many newcomers wait at most. 0 or more.</param>
/// <param name="queueTime">How long a newcomer waits at most.</param>
/// <param name="time">Measures that.</param>
internal sealed class ConnectionSlots(int slots, int queueLength, TimeSpan queueTime, TimeProvider time)
{
    // How much longer than a newcomer a returning stream has to have waited to come first.
    private static readonly TimeSpan HeadStart = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time = time;
    private readonly LinkedList<Turn> _newcomers = new();
    private readonly LinkedList<Turn> _returning = new();
    private readonly LinkedList<TaskCompletionSource> _offers = new();
    private int _free = slots;
    private volatile SlotWanted _wanted;

    /// <summary>Waits for a place.</summary>
    /// <param name="isNewcomer">Whether the stream has not begun: it can still be refused. Any other waits as long as it takes.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="BusyException">There is no place, and none in the queue; or none came free in time.</exception>
    public async Task<Slot> EnterAsync(bool isNewcomer, CancellationToken cancellation)
    {
        LinkedListNode<Turn> turn;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return new Slot(this);
            }

            if (isNewcomer && _newcomers.Count >= queueLength)
                throw new BusyException();
            turn = (isNewcomer ? _newcomers : _returning).AddLast(new Turn(_time.GetTimestamp()));
            Count();

            // The one that has stalled for the longest gives way.
            if (_offers.First is { } offer)
                Accept(offer);
        }

        try
        {
            await turn.Value.Came.Task.WaitAsync(isNewcomer ? queueTime : Timeout.InfiniteTimeSpan, _time, cancellation).ConfigureAwait(false);
            return new Slot(this);
        }
        catch (TimeoutException)
        {
            Leave(turn);
            throw new BusyException();
        }
        catch (OperationCanceledException)
        {
            Leave(turn);
            throw;
        }
    }

    private void Leave(LinkedListNode<Turn> turn)
    {
        lock (_lock)
        {
            if (turn.List is { } queue)
            {
                queue.Remove(turn);
                Count();
                return;
            }
        }

        // It had got its place at the same moment.
        Release();
    }

    private void Release()
    {
        lock (_lock)
        {
            if (Next() is not { } next)
            {
                _free++;
                return;
            }

            next.List!.Remove(next);
            Count();
            next.Value.Came.SetResult();
        }
    }

    private void Count()
        => _wanted = _newcomers.Count > 0 ? SlotWanted.ByNewcomers : _returning.Count > 0 ? SlotWanted.ByReturning : SlotWanted.ByNobody;

    // Newcomers first, who have nothing yet; but not for ever.
    private LinkedListNode<Turn>? Next()
        => _newcomers.First is not { } newcomer ? _returning.First
            : _returning.First is { } returning && _time.GetElapsedTime(returning.Value.Since, newcomer.Value.Since) > HeadStart ? returning
            : newcomer;

    private LinkedListNode<TaskCompletionSource> Offer()
    {
        lock (_lock)
        {
            var offer = _offers.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (_wanted is not SlotWanted.ByNobody)
                Accept(offer);
            return offer;
        }
    }

    private void Withdraw(LinkedListNode<TaskCompletionSource> offer)
    {
        lock (_lock)
        {
            if (offer.List is not null)
                _offers.Remove(offer);
        }
    }

    private void Accept(LinkedListNode<TaskCompletionSource> offer)
    {
        _offers.Remove(offer);
        offer.Value.SetResult();
    }

    private sealed record Turn(long Since)
    {
        public TaskCompletionSource Came { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A place. Disposing gives it back, once.</summary>
    internal sealed class Slot(ConnectionSlots owner) : IDisposable
    {
        private bool _released;

        /// <summary>Who waits for a place.</summary>
        public SlotWanted Wanted => owner._wanted;

        /// <summary>Waits until somebody else needs the place, or the reader is back, or the time is over.</summary>
        /// <returns>Whether the reader is back.</returns>
        public async Task<bool> OfferAsync(Task reader, TimeSpan atMost, CancellationToken cancellation)
        {
            var offer = owner.Offer();
            try
            {
                await Task.WhenAny(reader, offer.Value.Task).WaitAsync(atMost, owner._time, cancellation).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Nobody needs it, but a reader that stalls for so long is not worth holding a snapshot for.
            }
            finally
            {
                owner.Withdraw(offer);
            }

            return reader.IsCompleted;
        }

        /// <inheritdoc />
        public void Dispose()
        {
            if (_released)
                return;
            _released = true;
            owner.Release();
        }
    }
}

/// <summary>Who waits for a place.</summary>
internal enum SlotWanted
{
    /// <summary>Nobody.</summary>
    ByNobody,

    /// <summary>Streams that had one before, and go on with the next.</summary>
    ByReturning,

    /// <summary>Streams that have not begun, among others.</summary>
    ByNewcomers,
}

/// <summary>As many streams as there may be are open, and as many wait.</summary>
internal sealed class BusyException() : Exception("As many streams as there may be hold a connection, and as many as may wait are waiting.");
