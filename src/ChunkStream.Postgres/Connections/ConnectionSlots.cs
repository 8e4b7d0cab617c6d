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
/// The share of the places, and of the queue, that streams of callers without a key get, from 0 to 1. It is one place
/// at least.
/// </param>
/// <param name="queueLength">How many newcomers wait at most. 0 or more.</param>
/// <param name="queueTime">How long a newcomer waits at most.</param>
/// <param name="time">The clock that measures the waiting.</param>
internal sealed class ConnectionSlots(
    int slots, double anonymousShare, int queueLength, TimeSpan queueTime, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly SlotQueue _queue = new(
        queueLength, queueLength == 0 ? 0 : ShareOf(queueLength, anonymousShare), time);
    private readonly LinkedList<SlotOffer> _offers = new();
    private readonly int _anonymousSlots = ShareOf(slots, anonymousShare);
    private int _free = slots;
    private int _anonymous;

    // Who waits for the place of a caller with a key, and who for the place of a caller without one.
    private volatile SlotWanted _wanted;
    private volatile SlotWanted _anonymousWanted;

    /// <summary>The clock that measures the waiting.</summary>
    public TimeProvider Time { get; } = time;

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
                return _queue.Waiting;
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
        LinkedListNode<SlotTurn> turn;
        lock (_lock)
        {
            if (_free > 0 && HasShare(isAnonymous))
            {
                _free--;
                Take(isAnonymous);
                return new Slot(this, isAnonymous);
            }

            if (isNewcomer && _queue.IsFull(isAnonymous))
                throw new BusyException();
            turn = _queue.Add(isNewcomer, isAnonymous);
            Count();
            AcceptOne();
        }

        try
        {
            await turn.Value.Came.Task
                .WaitAsync(isNewcomer ? queueTime : Timeout.InfiniteTimeSpan, Time, cancellation)
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

    /// <summary>Gives a place back, to the next who waits for it.</summary>
    public void Release(bool isAnonymous)
    {
        lock (_lock)
        {
            _free++;
            if (isAnonymous)
                _anonymous--;
            if (_queue.Next(HasShare) is { } next)
            {
                _free--;
                next.List!.Remove(next);
                Take(next.Value.IsAnonymous);
                next.Value.Came.SetResult();
            }

            Count();
        }
    }

    /// <summary>Who waits for a place, and could have that of a caller with or without a key.</summary>
    public SlotWanted Wanted(bool isAnonymous) => isAnonymous ? _anonymousWanted : _wanted;

    /// <summary>Offers a place to those who wait for one, now or later.</summary>
    public SlotOffer Offer(bool isAnonymous)
    {
        lock (_lock)
        {
            var offer = new SlotOffer(isAnonymous);
            _offers.AddLast(offer);
            if (Wanted(isAnonymous) is not SlotWanted.ByNobody)
                Accept(offer);
            return offer;
        }
    }

    /// <summary>Withdraws an offer.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="isKept">Whether the stream keeps its place.</param>
    public void Withdraw(SlotOffer offer, bool isKept)
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

    private void Leave(LinkedListNode<SlotTurn> turn)
    {
        lock (_lock)
        {
            if (turn.List is { } line)
            {
                line.Remove(turn);
                Count();
                return;
            }
        }

        // It got its place at the same moment, and gives it back.
        Release(turn.Value.IsAnonymous);
    }

    private void Take(bool isAnonymous)
    {
        if (isAnonymous)
            _anonymous++;
    }

    private bool HasShare(SlotTurn turn) => HasShare(turn.IsAnonymous);

    private bool HasShare(bool isAnonymous) => !isAnonymous || _anonymous < _anonymousSlots;

    private void Count()
    {
        // Anyone can take the place of a caller without a key. Callers without a key whose share is used up can't take
        // the place of a caller with one.
        _anonymousWanted = _queue.WantedBy(_ => true);
        _wanted = _queue.WantedBy(HasShare);
    }

    // The stream that has stalled for the longest gives way, of those whose place is of use to somebody who waits.
    private void AcceptOne()
    {
        if (_offers.FirstOrDefault(offer => Wanted(offer.IsAnonymous) is not SlotWanted.ByNobody) is { } offer)
            Accept(offer);
    }

    private void Accept(SlotOffer offer)
    {
        _offers.Remove(offer);
        offer.Accepted.SetResult();
    }

    private static int ShareOf(int places, double share) => Math.Max(1, (int)(places * share));
}
