namespace ChunkStream.Postgres;

/// <summary>
/// Admission: so many streams hold a connection at a time, some more wait in a queue for a while, and the rest is refused.
/// A stream whose reader stalls offers its place to those who wait.
/// </summary>
/// <param name="slots">How many hold a connection. At least 1.</param>
/// <param name="queueLength">How many newcomers wait at most. 0 or more.</param>
/// <param name="queueTime">How long a newcomer waits at most.</param>
/// <param name="time">Measures that.</param>
internal sealed class ConnectionSlots(int slots, int queueLength, TimeSpan queueTime, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time = time;
    private readonly LinkedList<TaskCompletionSource> _waiting = new();
    private readonly LinkedList<TaskCompletionSource> _offers = new();
    private int _free = slots;
    private int _newcomers;

    /// <summary>Waits for a place.</summary>
    /// <param name="isNewcomer">Whether the stream has not begun: it can still be refused. Any other waits as long as it takes.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="BusyException">There is no place, and none in the queue; or none came free in time.</exception>
    public async Task<Slot> EnterAsync(bool isNewcomer, CancellationToken cancellation)
    {
        LinkedListNode<TaskCompletionSource> turn;
        lock (_lock)
        {
            if (_free > 0)
            {
                _free--;
                return new Slot(this);
            }

            if (isNewcomer && _newcomers >= queueLength)
                throw new BusyException();
            turn = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            _newcomers += isNewcomer ? 1 : 0;

            // The one that has stalled for the longest gives way.
            if (_offers.First is { } offer)
                Accept(offer);
        }

        try
        {
            await turn.Value.Task.WaitAsync(isNewcomer ? queueTime : Timeout.InfiniteTimeSpan, _time, cancellation).ConfigureAwait(false);
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
        finally
        {
            lock (_lock)
                _newcomers -= isNewcomer ? 1 : 0;
        }
    }

    private void Leave(LinkedListNode<TaskCompletionSource> turn)
    {
        lock (_lock)
        {
            if (turn.List is not null)
            {
                _waiting.Remove(turn);
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
            if (_waiting.First is { } next)
            {
                _waiting.Remove(next);
                next.Value.SetResult();
            }
            else
            {
                _free++;
            }
        }
    }

    private LinkedListNode<TaskCompletionSource> Offer()
    {
        lock (_lock)
        {
            var offer = _offers.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (_waiting.Count > 0)
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

    /// <summary>A place. Disposing gives it back, once.</summary>
    internal sealed class Slot(ConnectionSlots owner) : IDisposable
    {
        private bool _released;

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

/// <summary>As many streams as there may be are open, and as many wait.</summary>
internal sealed class BusyException() : Exception("As many streams as there may be hold a connection, and as many as may wait are waiting.");
