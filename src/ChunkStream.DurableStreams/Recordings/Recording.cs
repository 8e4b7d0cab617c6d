using ChunkStream.DurableStreams.Store;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// A generator that runs here, and is recorded: it belongs to the process, and not to a request. Readers have its items
/// as soon as they are made; the store gets them in batches, one after another.
/// </summary>
internal sealed class Recording : IDisposable
{
    // A generator that ignores its token must not hold up the recording's end.
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(2);

    private readonly RecordableGenerator _generator;
    private readonly DurableStreamOptions _options;
    private readonly TimeProvider _time;
    private readonly RecordingLog _log;
    private readonly long _started;
    private readonly RecordingGatherer _gatherer;
    private readonly RecordingAppender _appender;
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _cutting = new();
    private RecordingCut? _cut;
    private Problem? _problem;
    private bool _isDisposed;
    private long _leftAt;
    private long? _readElsewhereAt;

    public Recording(
        RecordableGenerator generator,
        DurableStream stream,
        AppendQueue appends,
        DurableStreamOptions options,
        TimeProvider time,
        RecordingLog log)
    {
        (_generator, Stream, _options, _time, _log) = (generator, stream, options, time, log);
        _started = _leftAt = time.GetTimestamp();
        Window = new RecordingWindow(options.RecordingBytes);
        _gatherer = new RecordingGatherer(generator.IsText, Window);
        _appender = new RecordingAppender(generator, stream, Window, appends, options, time, log);
    }

    /// <summary>The stream, as it was created.</summary>
    public DurableStream Stream { get; }

    /// <summary>Whether it is one of a name's runs.</summary>
    public bool IsRun => _generator.IsRun;

    /// <summary>The part of it that is in memory.</summary>
    public RecordingWindow Window { get; }

    /// <summary>Records to the end.</summary>
    /// <returns>Why it ended before its end, or null.</returns>
    public async Task<RecordingCut?> RunAsync()
    {
        // On another thread, because a generator may work for long before it first waits.
        var generating = Task.Run(GenerateAsync);
        var storing = _appender.RunAsync();
        var failure = await FailureAsync(generating, storing).ConfigureAwait(false);
        Window.End(isComplete: failure is null);
        failure ??= await FailureAsync(storing).ConfigureAwait(false);
        await storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        var cause = _cut is RecordingCut.Failed ? failure : null;
        _log.Ended(_generator.Path, _cut, Window.Stored, _time.GetElapsedTime(_started), cause);
        Window.Finish(failure is null ? null : new RecordingCutException(_cut!.Value, _problem!, failure));
        return _cut;
    }

    /// <summary>Ends the recording before its end, unless it has ended already.</summary>
    /// <param name="cut">Why.</param>
    /// <param name="problem">What its readers are told.</param>
    public void Cut(RecordingCut cut, Problem problem)
    {
        lock (_lock)
        {
            if (_cut is not null || _isDisposed)
                return;
            (_cut, _problem) = (cut, problem);
            _ = _cutting.CancelAsync();
        }
    }

    /// <summary>
    /// Ends the recording because somebody has asked for that: its generator says so itself, and completes, or it is
    /// cut.
    /// </summary>
    public void Stop()
    {
        if (_generator.Stop is { } stop)
            stop();
        else
            Cut(RecordingCut.Stopped, RecordingCut.Stopped.Describe());
    }

    /// <summary>Ends the recording if nobody has read it for too long.</summary>
    public void CutIfUnread()
    {
        if (_generator.GoesOnUnread)
            return;
        lock (_lock)
        {
            if (Window.Readers > 0 || _time.GetElapsedTime(_leftAt).TotalSeconds < _options.RecordSeconds)
                return;

            // Readers of other processes are only heard of now and then.
            var patience = Math.Max(_options.RecordSeconds, _options.RecorderSeconds);
            if (_readElsewhereAt is { } at && _time.GetElapsedTime(at).TotalSeconds < patience)
                return;
        }

        Cut(RecordingCut.LimitReached, RecordingCut.LimitReached.Describe());
    }

    /// <summary>Notes that a reader of another process was seen, and how long ago.</summary>
    public void ReadElsewhere(TimeSpan ago)
    {
        lock (_lock)
            _readElsewhereAt = _time.GetTimestamp() - (long)(ago.TotalSeconds * _time.TimestampFrequency);
    }

    /// <summary>Removes a reader of this process.</summary>
    public void Leave(RecordingTap tap)
    {
        lock (_lock)
        {
            _leftAt = _time.GetTimestamp();
            Window.Leave(tap);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _cutting.Dispose();
        }
    }

    // The failure that ends all of the tasks; null if the first of them completes.
    private async Task<Exception?> FailureAsync(params Task[] tasks)
    {
        try
        {
            await (await Task.WhenAny(tasks).ConfigureAwait(false)).ConfigureAwait(false);
            await tasks[0].ConfigureAwait(false);
            return null;
        }
        catch (Exception failure)
        {
            var isOfDatabase = tasks[^1].Exception?.InnerException == failure;
            Cut(RecordingCut.Failed, isOfDatabase ? PostgresFailures.Describe(failure) : Describe(failure));
            await tasks[0].ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return failure;
        }
    }

    private Problem Describe(Exception failure)
    {
        try
        {
            return failure is ProblemException known ? known.Problem
                : _generator.DescribeFailure?.Invoke(failure) ?? Problem.Internal;
        }
        catch (Exception e)
        {
            // The app's own code says what readers are told, and they wait for it.
            _log.NotDescribed(_generator.Path, e);
            return Problem.Internal;
        }
    }

    private async Task GenerateAsync()
    {
        var cancellation = _cutting.Token;
        var source = _generator.Open(cancellation);
        try
        {
            while (true)
            {
                var next = source.WaitToReadAsync();
                if (!next.IsCompleted)
                    _gatherer.HandOn();
                if (!(next.IsCompletedSuccessfully
                    ? next.Result
                    : await next.AsTask().WaitAsync(cancellation).ConfigureAwait(false)))
                {
                    return;
                }

                cancellation.ThrowIfCancellationRequested();
                await Window.RoomAsync(cancellation).ConfigureAwait(false);
                while (!_gatherer.IsFull && source.TryRead())
                    _gatherer.Add(source);
                if (_gatherer.IsFull)
                    _gatherer.HandOn();
                if (_gatherer.Bytes > _generator.Quota?.Bytes)
                    throw new ProblemException(DurableProblems.RecordingTooLarge(_generator.Quota.Bytes));
            }
        }
        finally
        {
            _gatherer.HandOn();
            await ReleaseAsync(source).ConfigureAwait(false);
        }
    }

    private async Task ReleaseAsync(StreamSource source)
    {
        try
        {
            await source.DisposeAsync().AsTask().WaitAsync(ReleaseLimit, _time).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The items are recorded. Only the clean-up of the generator failed, or takes too long.
            _log.NotReleased(_generator.Path, e);
        }
    }
}
