using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using ChunkStream.Streaming;
using Microsoft.Extensions.Options;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>The recordings that this process makes, and the way to all others.</summary>
internal sealed class RecordingRegistry : IAsyncDisposable
{
    // How often to check which recordings nobody reads any more.
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(0.25);

    // How long a stopping process waits for gathered items to be stored.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(3);

    private readonly RecordingStore _store;
    private readonly AppendQueue _appends;
    private readonly LiveStreams _live;
    private readonly DurableStreamOptions _options;
    private readonly TimeProvider _time;
    private readonly RecordingLog _log;
    private readonly CancellationTokenRegistration _shutdown;
    private readonly RecordingLine _line;
    private readonly RecordingLease _lease;
    private readonly Lock _lock = new();
    private readonly Dictionary<long, (Recording Recording, Task Running)> _running = [];
    private int _beginning;
    private bool _isWatching;
    private bool _isStopping;

    public RecordingRegistry(
        RecordingStore store,
        AppendQueue appends,
        LiveStreams live,
        StreamEngine engine,
        IOptions<DurableStreamOptions> options,
        RecordingLog log)
    {
        (_store, _appends, _live, _options, _time, _log) = (store, appends, live, options.Value, engine.Time, log);
        _line = new RecordingLine(store);
        _lease = new RecordingLease(store, log);
        _shutdown = engine.Shutdown.Register(Stop);
    }

    /// <summary>
    /// Reads a recording from a position on; begins to record first, if there is none and the whole is wanted.
    /// </summary>
    /// <param name="generator">What is recorded.</param>
    /// <param name="from">The position; null: the start.</param>
    /// <param name="cancellation">Ends the wait, and not the recording.</param>
    /// <exception cref="ProblemException">There is no such recording to read, or to make.</exception>
    public async Task<IRecordingReader> OpenAsync(
        RecordableGenerator generator, long? from, CancellationToken cancellation)
    {
        // A recording that was begun must be made, even if its reader has left meanwhile.
        var (begun, recording) = await FindOrBeginAsync(generator, mayCreate: from is null && generator.MayBegin)
            .WaitAsync(cancellation).ConfigureAwait(false);
        return Read(begun, recording, from ?? 0);
    }

    /// <summary>Reads a recording that was found, from its start on.</summary>
    public IRecordingReader Read(BegunRecording found) => Read(found, Find(found.Stream!.Id), 0);

    /// <summary>How many recordings this process makes.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _running.Count;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        Stop();
        await _shutdown.DisposeAsync().ConfigureAwait(false);
        Task[] running;
        lock (_lock)
            running = [.. _running.Values.Select(one => one.Running)];
        await Task.WhenAll(running).CompletesWithinAsync(StopLimit, _time, CancellationToken.None)
            .ConfigureAwait(false);
        _line.Dispose();
    }

    private IRecordingReader Read(BegunRecording begun, Recording? recording, long from)
    {
        if (recording is null)
        {
            var lookEach = TimeSpan.FromSeconds(_options.RecorderSeconds / 3);
            return new RecordingFollower(begun, from, _store, _live, lookEach, _time);
        }

        return from > recording.Window.Tail
            ? throw new ProblemException(DurableProblems.BeyondRecording)
            : new RecordingTap(recording, from, _store);
    }

    private async Task<FoundRecording> FindOrBeginAsync(RecordableGenerator generator, bool mayCreate)
    {
        if (mayCreate && generator.Quota is null)
            return await BeginAsync(generator).ConfigureAwait(false);

        // If the recording is there already, its readers need neither a place nor a count.
        var found = await AskAsync(generator, mayCreate: false).ConfigureAwait(false);
        return found.Status is BeginStatus.Missing && mayCreate
            ? await _line.BeginAsync(generator.Quota!, () => BeginAsync(generator)).ConfigureAwait(false)
            : Accept(
                found,
                generator,
                generator.MayBegin ? DurableProblems.NoRecording : DurableProblems.NoRecordingToRead);
    }

    private async Task<FoundRecording> BeginAsync(RecordableGenerator generator)
    {
        bool hasPlace;
        lock (_lock)
        {
            hasPlace = !_isStopping && _running.Count + _beginning < _options.MaxRecordings;
            _beginning++;
        }

        try
        {
            var begun = await AskAsync(generator, mayCreate: hasPlace).ConfigureAwait(false);
            return Accept(begun, generator, DurableProblems.TooManyRecordings);
        }
        finally
        {
            lock (_lock)
                _beginning--;
        }
    }

    private Task<BegunRecording> AskAsync(RecordableGenerator generator, bool mayCreate)
        => _store.BeginAsync(generator, Guid.NewGuid(), mayCreate, CancellationToken.None);

    private FoundRecording Accept(BegunRecording begun, RecordableGenerator generator, Problem missing)
        => begun.Status switch
        {
            BeginStatus.Created => new(
                begun, Start(begun.Path is { } path ? generator.Run(path) : generator, begun.Stream!)),
            BeginStatus.Exists => new(begun, Find(begun.Stream!.Id)),
            BeginStatus.Differs => throw new ProblemException(
                generator.IsRun ? DurableProblems.AnotherRun : DurableProblems.RecordingDiffers),
            BeginStatus.Missing => throw new ProblemException(missing),
            _ => throw new ProblemException(DurableProblems.RecordingTaken),
        };

    private Recording? Find(long id)
    {
        lock (_lock)
            return _running.TryGetValue(id, out var one) ? one.Recording : null;
    }

    private Recording Start(RecordableGenerator generator, DurableStream stream)
    {
        var recording = new Recording(generator, stream, _appends, _options, _time, _log);
        lock (_lock)
        {
            if (_isStopping)
                recording.Cut(RecordingCut.Stopped, Problem.Stopping);
            _running[stream.Id] = (recording, Background.Run(() => RunAsync(recording)));
            if (!_isWatching)
                _ = Background.Run(WatchAsync);
            _isWatching = true;
        }

        return recording;
    }

    private async Task RunAsync(Recording recording)
    {
        try
        {
            if (await recording.RunAsync().ConfigureAwait(false) is { } cut)
                await _store.EndAsync(recording.Stream.Id, cut, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Other processes will soon take the recording for abandoned.
            _log.NotRenewed(e);
        }
        finally
        {
            lock (_lock)
                _running.Remove(recording.Stream.Id);
            recording.Dispose();
        }
    }

    private void Stop()
    {
        Recording[] all;
        lock (_lock)
        {
            _isStopping = true;
            all = [.. _running.Values.Select(one => one.Recording)];
        }

        foreach (var recording in all)
            recording.Cut(RecordingCut.Stopped, Problem.Stopping);
    }

    /// <summary>
    /// While there are recordings: says so, and ends those that nobody reads, and those that somebody wants to end.
    /// </summary>
    private async Task WatchAsync()
    {
        var (renewing, renewed) = (Task.CompletedTask, _time.GetTimestamp());
        var stopping = Task.CompletedTask;
        while (true)
        {
            await Task.Delay(Tick, _time).ConfigureAwait(false);
            Recording[] all;
            lock (_lock)
            {
                _isWatching = _running.Count > 0;
                if (!_isWatching)
                    return;
                all = [.. _running.Values.Select(one => one.Recording)];
            }

            foreach (var recording in all)
                recording.CutIfUnread();
            if (stopping.IsCompleted && all.Where(recording => recording.IsRun).ToArray() is { Length: > 0 } runs)
                stopping = _lease.StopAskedAsync(runs.ToDictionary(recording => recording.Stream.Id));
            if (!renewing.IsCompleted || _time.GetElapsedTime(renewed).TotalSeconds < _options.RecorderSeconds / 3)
                continue;
            renewed = _time.GetTimestamp();
            renewing = _lease.RenewAsync(all.ToDictionary(recording => recording.Stream.Id));
        }
    }
}

/// <summary>A recording that was found, or begun.</summary>
/// <param name="Begun">The recording, as the database has it.</param>
/// <param name="Recording">The recording itself, if this process makes it; otherwise null.</param>
internal sealed record FoundRecording(BegunRecording Begun, Recording? Recording);
