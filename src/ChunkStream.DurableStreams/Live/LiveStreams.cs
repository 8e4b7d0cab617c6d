using System.Diagnostics;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// The readers of this process that wait for more. All readers of a stream share one read of the database a change.
/// </summary>
internal sealed class LiveStreams : IChangeObserver, IAsyncDisposable
{
    /// <summary>About how many bytes a segment has at most.</summary>
    public const int SegmentBytes = 256 * 1024;

    /// <summary>
    /// About how many bytes of memory a stream keeps in segments for readers who are a little behind.
    /// </summary>
    public const int HistoryBytes = 512 * 1024;

    // How often to check which streams are due.
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(0.5);

    // How often to ask for a stream's tail while notices arrive: a process may have died between a change and its
    // notice.
    private static readonly TimeSpan LookWhenHearing = TimeSpan.FromSeconds(10);

    // How often to ask while no notices arrive.
    private static readonly TimeSpan LookWhenDeaf = TimeSpan.FromSeconds(1);

    // How long the listening connection is kept after the last reader has left: a reader that polls is between two
    // polls.
    private static readonly TimeSpan Linger = TimeSpan.FromMinutes(1);

    // After a notice that other transactions may send none: the first and the longest pause between two looks. Each
    // pause is twice as long as the one before, and a new notice starts with the shortest again. Such a transaction
    // commits soon, but waits for a disk or a standby.
    private static readonly TimeSpan ShortestLookPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LongestLookPause = TimeSpan.FromMilliseconds(640);

    // A pause is at least this many times as long as the look before it took, so that many streams don't keep the
    // database busy.
    private const int PauseOfLooks = 10;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private const int MostLooks = 1_000;

    private readonly DurableStore _store;
    private readonly ChangeListener _listener;
    private readonly TimeProvider _time;
    private readonly DurableLog _log;
    private readonly int _mostReaders;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, LiveStream> _streams = [];
    private readonly RecentChanges _recent;
    private readonly SemaphoreSlim _reads;
    private readonly CancellationTokenSource _stop = new();
    private Task _looking = Task.CompletedTask;
    private bool _isLooking;
    private int _readers;
    private long _leftAt;
    private int _isFailing;
    private Task _lookingForUntold = Task.CompletedTask;
    private bool _isLookingForUntold;
    private TimeSpan _lookPause;

    public LiveStreams(
        DurableStore store,
        ChangeListener listener,
        IOptions<DurableStreamOptions> options,
        TimeProvider time,
        DurableLog log)
    {
        (_store, _listener, _time, _log) = (store, listener, time, log);
        _mostReaders = options.Value.MaxReaders;
        _recent = new RecentChanges(time);
        // The other connections are for writers.
        _reads = new SemaphoreSlim(Math.Max(1, options.Value.Connections / 2));
        _leftAt = time.GetTimestamp();
    }

    /// <summary>Whether the process stops.</summary>
    public bool IsStopping => _stop.IsCancellationRequested;

    /// <summary>How many readers follow streams.</summary>
    public int Readers => Volatile.Read(ref _readers);

    /// <summary>Follows a stream from a position.</summary>
    /// <param name="stream">The stream, as it was when it was read last.</param>
    /// <param name="position">From where on.</param>
    /// <exception cref="ProblemException">As many readers follow streams as may: 503.</exception>
    public LiveReader Follow(DurableStream stream, long position)
    {
        LiveReader reader;
        LiveStream live;
        bool mayHaveMissed;
        lock (_lock)
        {
            if (_readers >= _mostReaders)
                throw new ProblemException(DurableProblems.TooManyReaders);
            _readers++;
            while (!_streams.TryGetValue(stream.Id, out live!) || !live.TryJoin(position, out reader))
            {
                _streams[stream.Id] = new LiveStream(this, stream)
                {
                    LookAt = LookAfter(stream.TtlSeconds, stream.ExpiresAt),
                };
            }

            mayHaveMissed = _listener.Since is not { } since || since > stream.ReadAt
                || _time.GetElapsedTime(stream.ReadAt) > RecentChanges.Reach
                || _recent.MayHaveChanged(stream.Id, stream.Tail);
            if (!_isLooking && !_stop.IsCancellationRequested)
            {
                _isLooking = true;
                _looking = Task.Run(LookAsync);
            }
        }

        live.Saw(stream.Tail, stream.Closed);
        if (mayHaveMissed)
            live.Changed(null);
        return reader;
    }

    /// <summary>A stream is that far now, or with null is otherwise new.</summary>
    public void Changed(long id, long? tail)
    {
        LiveStream? live;
        lock (_lock)
        {
            _recent.Add(id, tail);
            _streams.TryGetValue(id, out live);
        }

        live?.Changed(tail);
    }

    /// <summary>A reader has left; the stream too, if it was its last.</summary>
    public void Left(LiveStream? stream)
    {
        lock (_lock)
        {
            _readers--;
            _leftAt = _time.GetTimestamp();
            if (stream is not null && _streams.TryGetValue(stream.Id, out var known) && known == stream)
                _streams.Remove(stream.Id);
        }
    }

    /// <summary>Reads for readers: not too many at a time, since others want to write.</summary>
    public async Task<StoredSegment> ReadAsync(long id, long from, long? to)
    {
        await _reads.WaitAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            var stored = await _store.ReadOnAsync(id, from, to, SegmentBytes, _stop.Token).ConfigureAwait(false);
            Volatile.Write(ref _isFailing, 0);
            return stored;
        }
        finally
        {
            _reads.Release();
        }
    }

    /// <summary>Waits before the next try.</summary>
    public Task PauseAfterAsync(Exception failure, int failures)
    {
        if (Interlocked.Exchange(ref _isFailing, 1) == 0)
            _log.NotRead(failure);
        return Task.Delay(Backoff.Compute(failures, LongestPause), _time, _stop.Token);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Task looking;
        lock (_lock)
        {
            _stop.Cancel();
            looking = Task.WhenAll(_looking, _lookingForUntold);
        }

        await looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    bool IChangeObserver.IsListening
    {
        get
        {
            lock (_lock)
                return IsWantedInside;
        }
    }

    private bool IsWantedInside => _readers > 0 || _time.GetElapsedTime(_leftAt) < Linger;

    // Asks the same, and notes the answer: after a no, the next reader starts the loop again.
    private bool IsLookingWanted
    {
        get
        {
            lock (_lock)
                return _isLooking = IsWantedInside;
        }
    }

    void IChangeObserver.Began()
    {
        LiveStream[] all;
        lock (_lock)
            all = [.. _streams.Values];
        _ = LookAsync(all);
    }

    // While notices arrived, the streams were due late. Now they are due soon.
    void IChangeObserver.Lost()
    {
        lock (_lock)
        {
            foreach (var live in _streams.Values)
                live.LookAt = Math.Min(live.LookAt, LookAfter((long?)live.TimeToLive?.TotalSeconds, live.ExpiresAt));
        }
    }

    void IChangeObserver.Untold()
    {
        lock (_lock)
        {
            _lookPause = ShortestLookPause;
            if (_isLookingForUntold || _stop.IsCancellationRequested)
                return;
            _isLookingForUntold = true;
            _lookingForUntold = Task.Run(LookForUntoldAsync);
        }
    }

    private async Task LookForUntoldAsync()
    {
        // It outlives the request that began it, and is no part of its span.
        Activity.Current = null;
        for (var took = TimeSpan.Zero; ;)
        {
            TimeSpan pause;
            LiveStream[] all;
            lock (_lock)
            {
                if (_lookPause > LongestLookPause || _stop.IsCancellationRequested)
                {
                    _isLookingForUntold = false;
                    return;
                }

                pause = _lookPause;
                _lookPause *= 2;
            }

            var least = took * PauseOfLooks;
            await Task.Delay(pause > least ? pause : least, _time, _stop.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_lock)
                all = [.. _streams.Values];
            var began = _time.GetTimestamp();
            await LookAsync(all).ConfigureAwait(false);
            took = _time.GetElapsedTime(began);
        }
    }

    private async Task LookAsync()
    {
        // It outlives the request that began it, and is no part of its span.
        Activity.Current = null;
        while (IsLookingWanted)
        {
            // In each round: the listener may just have stopped, since there were no readers.
            _listener.Listen(this);
            await Task.Delay(Tick, _time, _stop.Token).ConfigureAwait(false);
            var due = new List<LiveStream>();
            lock (_lock)
            {
                foreach (var live in _streams.Values)
                {
                    if (_time.GetElapsedTime(live.LookAt) < TimeSpan.Zero)
                        continue;
                    live.LookAt = LookAfter((long?)live.TimeToLive?.TotalSeconds, live.ExpiresAt);
                    due.Add(live);
                }
            }

            await LookAsync(due).ConfigureAwait(false);
        }
    }

    private async Task LookAsync(IReadOnlyCollection<LiveStream> streams)
    {
        foreach (var some in streams.Chunk(MostLooks))
        {
            try
            {
                var byId = some.ToDictionary(live => live.Id);
                var looked = await _store.LookAsync(byId.Keys, _stop.Token).ConfigureAwait(false);
                foreach (var (id, tail, isClosed, isOver) in looked)
                {
                    if (isOver)
                        byId[id].End();
                    else
                        byId[id].Saw(tail, isClosed);
                }
            }
            catch (Exception e) when (!_stop.IsCancellationRequested)
            {
                if (Interlocked.Exchange(ref _isFailing, 1) == 0)
                    _log.NotRead(e);
            }
        }
    }

    private long LookAfter(long? ttlSeconds, DateTimeOffset? expiresAt)
    {
        var wait = _listener.IsProved ? LookWhenHearing : LookWhenDeaf;
        // Asking counts as reading, so a stream with readers does not expire.
        if (ttlSeconds < 3 * wait.TotalSeconds)
            wait = TimeSpan.FromSeconds(ttlSeconds.Value / 3.0);
        if (expiresAt - _time.GetUtcNow() is { } left && left < wait)
            wait = left;
        return _time.GetTimestamp() + (long)(Math.Max(0, wait.TotalSeconds) * _time.TimestampFrequency);
    }
}
