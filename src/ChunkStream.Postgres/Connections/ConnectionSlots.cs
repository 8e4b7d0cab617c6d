using ChunkStream.Postgres.Failures;

namespace ChunkStream.Postgres.Connections;

/// <summary>
/// Admission: so many streams hold a connection at a time, some more wait in a queue for a while, and the rest is
/// refused. A stream whose reader stalls offers its place to those who wait, and one that can go on later gives it up
/// for a while.
/// </summary>
/// <remarks>
/// Streams of callers without a key get a share of the places and of the queue: however many of them come, those with a
/// key find room.
/// </remarks>
/// <param name="slots">How many hold a connection. At least 1.</param>
/// <param name="anonymousShare">
/// Which share of them, and of the queue, streams of callers without a key get; at least one.
/// </param>
/// <param name="queueLength">How many newcomers wait at most. 0 or more.</param>
/// <param name="queueTime">How long a newcomer waits at most.</param>
/// <param name="time">The clock that measures the waiting.</param>
internal sealed class ConnectionSlots(
    int slots, double anonymousShare, int queueLength, TimeSpan queueTime, TimeProvider time)
{
    // A returning stream comes before a newcomer if it has waited this much longer.
    private static readonly TimeSpan HeadStart = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time = time;
    private readonly LinkedList<Turn> _newcomers = new();
    private readonly LinkedList<Turn> _returning = new();
    private readonly LinkedList<Offered> _offers = new();
    private readonly int _anonymousSlots = ShareOf(slots, anonymousShare);
    private readonly int _anonymousQueue = queueLength == 0 ? 0 : ShareOf(queueLength, anonymousShare);
    private int _free = slots;
    private int _anonymous;

    // Who waits for the place of a caller with a key, and who for the place of a caller without one.
    private volatile SlotWanted _wanted;
    private volatile SlotWanted _anonymousWanted;

    /// <summary>How many places there are.</summary>
    public int Limit { get; } = slots;

    /// <summary>How many of them are taken.</summary>
    public int Used
    {
        get
        {
            lock (_lock)
                return Limit - _free;
        }
    }

    /// <summary>How many wait for a place.</summary>
    public (int Newcomers, int Returning) Waiting
    {
        get
        {
            lock (_lock)
                return (_newcomers.Count, _returning.Count);
        }
    }

    /// <summary>Waits for a place.</summary>
    /// <param name="isNewcomer">
    /// Whether the stream has not begun: it can still be refused. Any other waits as long as it takes.
    /// </param>
    /// <param name="isAnonymous">Whether its caller gave no key.</param>
    /// <param name="cancellation">When it is cancelled, the waiting ends.</param>
    /// <exception cref="BusyException">There is no place, and none in the queue; or none came free in time.</exception>
    public async Task<Slot> EnterAsync(bool isNewcomer, bool isAnonymous, CancellationToken cancellation)
    {
        LinkedListNode<Turn> turn;
        lock (_lock)
        {
            if (_free > 0 && HasShare(isAnonymous))
            {
                _free--;
                Take(isAnonymous);
                return new Slot(this, isAnonymous);
            }

            if (isNewcomer && IsFull(isAnonymous))
                throw new BusyException();
            turn = (isNewcomer ? _newcomers : _returning).AddLast(new Turn(isAnonymous, _time.GetTimestamp()));
            Count();
            AcceptOne();
        }

        try
        {
            await turn.Value.Came.Task
                .WaitAsync(isNewcomer ? queueTime : Timeout.InfiniteTimeSpan, _time, cancellation)
                .ConfigureAwait(false);
            return new Slot(this, isAnonymous);
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

        // It got its place at the same moment, and gives it back.
        Release(turn.Value.IsAnonymous);
    }

    private void Release(bool isAnonymous)
    {
        lock (_lock)
        {
            _free++;
            if (isAnonymous)
                _anonymous--;
            if (Next() is { } next)
            {
                _free--;
                next.List!.Remove(next);
                Take(next.Value.IsAnonymous);
                next.Value.Came.SetResult();
            }

            Count();
        }
    }

    private void Take(bool isAnonymous)
    {
        if (isAnonymous)
            _anonymous++;
    }

    private bool HasShare(bool isAnonymous) => !isAnonymous || _anonymous < _anonymousSlots;

    private bool IsFull(bool isAnonymous)
        => _newcomers.Count >= queueLength
            || (isAnonymous && _newcomers.Count(turn => turn.IsAnonymous) >= _anonymousQueue);

    private void Count()
    {
        // Anyone can take the place of a caller without a key. Callers without a key whose share is used up can't take
        // the place of a caller with one.
        _anonymousWanted = WantedBy(_ => true);
        _wanted = WantedBy(turn => HasShare(turn.IsAnonymous));
    }

    private SlotWanted WantedBy(Func<Turn, bool> who)
        => _newcomers.Any(who) ? SlotWanted.ByNewcomers
            : _returning.Any(who) ? SlotWanted.ByReturning
            : SlotWanted.ByNobody;

    private SlotWanted Wanted(bool isAnonymous) => isAnonymous ? _anonymousWanted : _wanted;

    // Newcomers come first, because they have no row yet; but returning streams don't wait for ever.
    private LinkedListNode<Turn>? Next()
        => First(_newcomers) is not { } newcomer ? First(_returning)
            : First(_returning) is { } returning
                && _time.GetElapsedTime(returning.Value.Since, newcomer.Value.Since) > HeadStart ? returning
            : newcomer;

    private LinkedListNode<Turn>? First(LinkedList<Turn> queue)
    {
        var turn = queue.First;
        while (turn is not null && !HasShare(turn.Value.IsAnonymous))
            turn = turn.Next;
        return turn;
    }

    private Offered Offer(bool isAnonymous)
    {
        lock (_lock)
        {
            var offer = new Offered(isAnonymous);
            _offers.AddLast(offer);
            if (Wanted(isAnonymous) is not SlotWanted.ByNobody)
                Accept(offer);
            return offer;
        }
    }

    private void Withdraw(Offered offer, bool isKept)
    {
        lock (_lock)
        {
            // An offer may be accepted at the moment at which its reader comes back. That stream keeps its place, so
            // another one is asked to give way.
            if (!offer.Accepted.Task.IsCompleted)
                _offers.Remove(offer);
            else if (isKept)
                AcceptOne();
        }
    }

    // The stream that has stalled for the longest gives way, of those whose place is of use to somebody who waits.
    private void AcceptOne()
    {
        if (_offers.FirstOrDefault(offer => Wanted(offer.IsAnonymous) is not SlotWanted.ByNobody) is { } offer)
            Accept(offer);
    }

    private void Accept(Offered offer)
    {
        _offers.Remove(offer);
        offer.Accepted.SetResult();
    }

    private static int ShareOf(int places, double share) => Math.Max(1, (int)(places * share));

    private sealed class Turn(bool isAnonymous, long since)
    {
        public bool IsAnonymous => isAnonymous;

        public long Since => since;

        public TaskCompletionSource Came { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Offered(bool isAnonymous)
    {
        public bool IsAnonymous => isAnonymous;

        public TaskCompletionSource Accepted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A place. Disposing gives it back, once.</summary>
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
                    .WaitAsync(atMost, owner._time, cancellation)
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
