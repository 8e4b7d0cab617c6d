using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Live;

/// <summary>
/// The readers of this process that wait for more. All readers of a stream share one read of the database for each
/// change.
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

    private readonly ChangeListener _listener;
    private readonly TimeProvider _time;
    private readonly LiveReads _reads;
    private readonly UntoldLooks _untold;
    private readonly int _mostReaders;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, LiveStream> _streams = [];
    private readonly RecentChanges _recent;
    private Task _looking = Task.CompletedTask;
    private bool _isLooking;
    private int _readers;
    private long _leftAt;

    public LiveStreams(
        DurableStore store,
        ChangeListener listener,
        IOptions<DurableStreamOptions> options,
        TimeProvider time,
        DurableLog log)
    {
        (_listener, _time) = (listener, time);
        _mostReaders = options.Value.MaxReaders;
        _recent = new RecentChanges(time);

        // The other half of the connections is for writers.
        _reads = new LiveReads(store, Math.Max(1, options.Value.Connections / 2), time, log);
        _untold = new UntoldLooks(() => _reads.LookAsync(All()), time, _reads.Stopping);
        _leftAt = time.GetTimestamp();
    }

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
                var created = new LiveStream(this, _reads, stream);
                created.LookAt = NextLook(created);
                _streams[stream.Id] = created;
            }

            mayHaveMissed = _listener.Since is not { } since || since > stream.ReadAt
                || _time.GetElapsedTime(stream.ReadAt) > RecentChanges.Reach
                || _recent.MayHaveChanged(stream.Id, stream.Tail);
            if (!_isLooking && !_reads.IsStopping)
            {
                _isLooking = true;
                _looking = Background.Run(LookAsync);
            }
        }

        live.Saw(stream.Tail, stream.Closed);
        if (mayHaveMissed)
            live.Changed(null);
        return reader;
    }

    /// <summary>A stream has a new tail; or, with null, something else about it has changed.</summary>
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

    /// <summary>A reader has left; and its stream, if it was the last reader of it.</summary>
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

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Task looking;
        lock (_lock)
        {
            _reads.Stop();
            looking = Task.WhenAll(_looking, _untold.Looking);
        }

        await looking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _reads.Dispose();
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

    void IChangeObserver.Began() => _ = _reads.LookAsync(All());

    // While notices arrived, the streams were due late. Now they are due soon.
    void IChangeObserver.Lost()
    {
        lock (_lock)
        {
            foreach (var live in _streams.Values)
                live.LookAt = Math.Min(live.LookAt, NextLook(live));
        }
    }

    void IChangeObserver.Untold() => _untold.Begin();

    private LiveStream[] All()
    {
        lock (_lock)
            return [.. _streams.Values];
    }

    private async Task LookAsync()
    {
        while (IsLookingWanted)
        {
            // In each round, because the listener may just have stopped when there were no readers.
            _listener.Listen(this);
            await Task.Delay(Tick, _time, _reads.Stopping).ConfigureAwait(false);
            var due = new List<LiveStream>();
            lock (_lock)
            {
                foreach (var live in _streams.Values)
                {
                    if (_time.GetElapsedTime(live.LookAt) < TimeSpan.Zero)
                        continue;
                    live.LookAt = NextLook(live);
                    due.Add(live);
                }
            }

            await _reads.LookAsync(due).ConfigureAwait(false);
        }
    }

    // When to ask for a stream's tail next: a timestamp.
    private long NextLook(LiveStream live)
    {
        var wait = _listener.IsProved ? LookWhenHearing : LookWhenDeaf;
        // Asking counts as reading, so a stream with readers does not expire.
        if (live.TimeToLive / 3 is { } third && third < wait)
            wait = third;
        if (live.ExpiresAt - _time.GetUtcNow() is { } left && left < wait)
            wait = left;
        return _time.GetTimestamp() + (long)(Math.Max(0, wait.TotalSeconds) * _time.TimestampFrequency);
    }
}
