using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Failures;
using Microsoft.Extensions.Time.Testing;

namespace ChunkStream.Functions.Tests.Postgres.Connections;

/// <summary>
/// The rules of admission in plain lists, beside the real thing: each step is done to both, and what becomes of every
/// stream must be the same.
/// </summary>
internal sealed class SlotsModel
{
    // Short enough for looking for a smaller schedule.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan HeadStart = TimeSpan.FromSeconds(1);

    private readonly Bounds _bounds;
    private readonly WatchedTime _time = new();
    private readonly ConnectionSlots _slots;
    private readonly List<Holder> _holders = [];
    private readonly List<Holder> _offers = [];
    private readonly List<Waiter> _waiters = [];

    public SlotsModel(Bounds bounds)
    {
        _bounds = bounds;
        _slots = new ConnectionSlots(bounds.Slots, bounds.Share, bounds.Queue, bounds.QueueTime, _time);
    }

    /// <summary>What can happen.</summary>
    public enum Act
    {
        /// <summary>A stream asks for a place.</summary>
        Enter,

        /// <summary>The same, and at that moment the reader comes back for which it would be offered one.</summary>
        EnterAsReaderReturns,

        /// <summary>A stream gives its place back.</summary>
        Leave,

        /// <summary>One that waits is gone.</summary>
        Cancel,

        /// <summary>Time passes.</summary>
        Pass,

        /// <summary>A reader stalls: its stream offers its place.</summary>
        Offer,

        /// <summary>A reader is back.</summary>
        Return,

        /// <summary>A stream whose reader stalls is gone.</summary>
        CancelOffer,
    }

    /// <summary>Does something, unless there is nobody to do it.</summary>
    public async Task RunAsync(Step step)
    {
        switch (step.Act)
        {
            case Act.Enter or Act.EnterAsReaderReturns:
                await EnterAsync(step.IsNewcomer, step.IsAnonymous, step.Act is Act.EnterAsReaderReturns);
                break;
            case Act.Leave when Pick(_holders.Except(_offers), step.Choice) is { } holder:
                await LeaveAsync(holder);
                break;
            case Act.Cancel when Pick(_waiters, step.Choice) is { } waiter:
                await waiter.Patience.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiter.Place!.Within(Limit));
                _waiters.Remove(waiter);
                break;
            case Act.Pass:
                await PassAsync(TimeSpan.FromMilliseconds(step.Choice * 2));
                break;
            case Act.Offer when Pick(_holders.Where(holder => holder.Offer is null), step.Choice) is { } holder:
                await OfferAsync(holder);
                break;
            case Act.Return when Pick(_offers, step.Choice) is { } holder:
                await ReturnAsync(holder);
                break;
            case Act.CancelOffer when Pick(_offers, step.Choice) is { } holder:
                await holder.Patience.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => holder.Offer!.Within(Limit));
                _offers.Remove(holder);
                await LeaveAsync(holder);
                break;
        }

        Check();
    }

    /// <summary>Everyone leaves: then each who waited has had a place, and all places are there.</summary>
    public async Task EndAsync()
    {
        while (_offers.Count > 0)
            await ReturnAsync(_offers[0]);
        while (_holders.Count > 0)
            await LeaveAsync(_holders[0]);
        Assert.Empty(_waiters);

        for (var place = 0; place < _bounds.Slots; place++)
            await EnterAsync(isNewcomer: true, isAnonymous: false, readerReturns: false);
        Assert.Equal(_bounds.Slots, _holders.Count);
        Check();
    }

    private async Task EnterAsync(bool isNewcomer, bool isAnonymous, bool readerReturns)
    {
        var waiter = new Waiter(isNewcomer, isAnonymous, _time.GetUtcNow());
        if (_holders.Count < _bounds.Slots && HasShare(isAnonymous))
        {
            var place = _slots.EnterAsync(isNewcomer, isAnonymous, waiter.Patience.Token);
            Assert.True(place.IsCompletedSuccessfully, "There is a place.");
            _holders.Add(new Holder(await place, isAnonymous));
        }
        else if (isNewcomer && IsFull(isAnonymous))
        {
            var refused = _slots.EnterAsync(isNewcomer, isAnonymous, waiter.Patience.Token);
            await Assert.ThrowsAsync<BusyException>(() => refused.Within(Limit));
        }
        else
        {
            _waiters.Add(waiter);
            var asked = LongestOffer();
            if (readerReturns && asked is not null)
                _time.Once = asked.Reader.SetResult;
            waiter.Place = _slots.EnterAsync(isNewcomer, isAnonymous, waiter.Patience.Token);
            if (asked is not null && readerReturns)
            {
                await KeptAsync(asked);
                asked = LongestOffer();
            }

            if (asked is not null)
                await GivesWayAsync(asked);
        }
    }

    private async Task LeaveAsync(Holder holder)
    {
        _holders.Remove(holder);
        holder.Slot.Dispose();
        holder.Slot.Dispose();
        if (Next() is not { } next)
            return;
        _waiters.Remove(next);
        _holders.Add(new Holder(await next.Place!.Within(Limit), next.IsAnonymous));
    }

    private async Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        var oldest = _time.GetUtcNow() - _bounds.QueueTime;
        foreach (var late in _waiters.Where(waiter => waiter.IsNewcomer && waiter.Since <= oldest).ToArray())
        {
            await Assert.ThrowsAsync<BusyException>(() => late.Place!.Within(Limit));
            _waiters.Remove(late);
        }
    }

    private async Task OfferAsync(Holder holder)
    {
        holder.Reader = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        holder.Offer = holder.Slot.OfferAsync(holder.Reader.Task, TimeSpan.FromDays(1), holder.Patience.Token);
        _offers.Add(holder);
        if (IsOfUse(holder))
            await GivesWayAsync(holder);
    }

    private async Task ReturnAsync(Holder holder)
    {
        holder.Reader.SetResult();
        await KeptAsync(holder);
    }

    private async Task KeptAsync(Holder holder)
    {
        Assert.True(await holder.Offer!.Within(Limit), "The reader is back.");
        _offers.Remove(holder);
        holder.Offer = null;
    }

    // It will leave: it keeps its offer, and makes no other one.
    private async Task GivesWayAsync(Holder holder)
    {
        Assert.False(await holder.Offer!.Within(Limit), "Somebody else needs the place.");
        _offers.Remove(holder);
    }

    private void Check()
    {
        Assert.True(_holders.Count <= _bounds.Slots);
        Assert.True(_holders.Count(holder => holder.IsAnonymous) <= _bounds.AnonymousSlots);
        Assert.DoesNotContain(_waiters, waiter => waiter.Place!.IsCompleted);
        Assert.DoesNotContain(_offers, holder => holder.Offer!.IsCompleted);
        foreach (var holder in _holders)
        {
            var others = _waiters.Where(waiter => holder.IsAnonymous || HasShare(waiter.IsAnonymous)).ToArray();
            var wanted = others.Length == 0 ? SlotWanted.ByNobody
                : others.Any(waiter => waiter.IsNewcomer) ? SlotWanted.ByNewcomers
                : SlotWanted.ByReturning;
            Assert.Equal(wanted, holder.Slot.Wanted);
        }

        // Nobody waits for a place that is free, nor beside one that is offered while nobody is about to leave.
        Assert.True(_holders.Count == _bounds.Slots || !_waiters.Any(waiter => HasShare(waiter.IsAnonymous)));
        var givesWay = _holders.Any(holder => holder.Offer is not null && !_offers.Contains(holder));
        Assert.True(givesWay || LongestOffer() is null, "An offer is of use, and nobody is asked to give way.");
    }

    private Waiter? Next()
    {
        var able = _waiters.Where(waiter => HasShare(waiter.IsAnonymous)).ToArray();
        var newcomer = able.FirstOrDefault(waiter => waiter.IsNewcomer);
        var returning = able.FirstOrDefault(waiter => !waiter.IsNewcomer);
        return newcomer is null || newcomer.Since - returning?.Since > HeadStart ? returning : newcomer;
    }

    private Holder? LongestOffer() => _offers.FirstOrDefault(IsOfUse);

    private bool IsOfUse(Holder holder) => _waiters.Any(waiter => holder.IsAnonymous || HasShare(waiter.IsAnonymous));

    private bool HasShare(bool isAnonymous)
        => !isAnonymous || _holders.Count(holder => holder.IsAnonymous) < _bounds.AnonymousSlots;

    private bool IsFull(bool isAnonymous)
    {
        var newcomers = _waiters.Where(waiter => waiter.IsNewcomer).ToArray();
        return newcomers.Length >= _bounds.Queue
            || (isAnonymous && newcomers.Count(waiter => waiter.IsAnonymous) >= _bounds.AnonymousQueue);
    }

    private static T? Pick<T>(IEnumerable<T> from, int choice)
        where T : class
        => from.ToArray() is { Length: > 0 } all ? all[choice % all.Length] : null;

    /// <summary>Something that happens.</summary>
    internal sealed record Step(Act Act, bool IsNewcomer, bool IsAnonymous, int Choice);

    /// <summary>How many may be, in all and without a key.</summary>
    internal sealed record Bounds(int Slots, double Share, int Queue, TimeSpan QueueTime)
    {
        public int AnonymousSlots => Math.Max(1, (int)(Slots * Share));

        public int AnonymousQueue => Math.Max(1, (int)(Queue * Share));
    }

    private sealed class Holder(Slot slot, bool isAnonymous)
    {
        public Slot Slot => slot;

        public bool IsAnonymous => isAnonymous;

        public CancellationTokenSource Patience { get; } = new();

        public TaskCompletionSource Reader { get; set; } = new();

        public Task<bool>? Offer { get; set; }
    }

    private sealed class Waiter(bool isNewcomer, bool isAnonymous, DateTimeOffset since)
    {
        public bool IsNewcomer => isNewcomer;

        public bool IsAnonymous => isAnonymous;

        public DateTimeOffset Since => since;

        public CancellationTokenSource Patience { get; } = new();

        public Task<Slot>? Place { get; set; }
    }

    /// <summary>
    /// Time in which something happens once it is looked at. A stream that begins to wait looks at it inside the lock,
    /// before any other is asked to give way.
    /// </summary>
    private sealed class WatchedTime : FakeTimeProvider
    {
        public Action? Once { get; set; }

        public override long GetTimestamp()
        {
            var once = Once;
            Once = null;
            once?.Invoke();
            return base.GetTimestamp();
        }
    }
}
