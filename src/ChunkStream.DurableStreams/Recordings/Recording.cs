using System.Buffers;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Formats;
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
    // When items are handed on although the generator does not pause.
    private const int SegmentBytes = 32 * 1024;
    private const int SegmentRows = 1_000;

    // By this producer a repeated append is told from a new one. A stream has only one recorder.
    private const string Producer = "recorder";

    // A generator that ignores its token must not hold up the recording's end.
    private static readonly TimeSpan ReleaseLimit = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    private readonly RecordableGenerator _generator;
    private readonly AppendQueue _appends;
    private readonly DurableStreamOptions _options;
    private readonly TimeProvider _time;
    private readonly RecordingLog _log;
    private readonly long _started;
    private readonly ArrayBufferWriter<byte> _gathered = new();
    private readonly ByteWriter _writer;
    private readonly List<int> _ends = [];
    private long _gatheredFrom;
    private int _gatheredBytes;
    private long _recordedBytes;

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
        (_generator, Stream, _appends, _options, _time, _log) = (generator, stream, appends, options, time, log);
        _writer = new ByteWriter(_gathered);
        _started = _leftAt = time.GetTimestamp();
        Window = new RecordingWindow(options.RecordingBytes);
    }

    /// <summary>The stream, as it was created.</summary>
    public DurableStream Stream { get; }

    /// <summary>The part of it that is in memory.</summary>
    public RecordingWindow Window { get; }

    /// <summary>Records to the end.</summary>
    /// <returns>Why it ended before its end, or null.</returns>
    public async Task<RecordingCut?> RunAsync()
    {
        // Without waiting for it: a generator may work for long before it first waits.
        var generating = Task.Run(GenerateAsync);
        var storing = StoreAsync();
        var failure = await FailureAsync(generating, storing).ConfigureAwait(false);
        Window.End(isComplete: failure is null);
        failure ??= await FailureAsync(storing).ConfigureAwait(false);
        await storing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        var cause = _cut is RecordingCut.Failed ? failure : null;
        _log.Ended(_generator.Path, _cut, Window.Stored, _time.GetElapsedTime(_started), cause);
        Window.Finish(failure is null ? null : new ProblemException(_problem!, failure));
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

    /// <summary>Ends it if it is not read any more, and that for too long.</summary>
    public void CutIfUnread()
    {
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

    /// <summary>A reader of another process was seen, so long ago.</summary>
    public void ReadElsewhere(TimeSpan ago)
    {
        lock (_lock)
            _readElsewhereAt = _time.GetTimestamp() - (long)(ago.TotalSeconds * _time.TimestampFrequency);
    }

    /// <summary>A reader of this process leaves.</summary>
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
            // What readers are told is the app's own code, and readers wait for it.
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
                    HandOn();
                if (!(next.IsCompletedSuccessfully
                    ? next.Result
                    : await next.AsTask().WaitAsync(cancellation).ConfigureAwait(false)))
                {
                    return;
                }

                cancellation.ThrowIfCancellationRequested();
                await Window.RoomAsync(cancellation).ConfigureAwait(false);
                while (_gatheredBytes < SegmentBytes && _ends.Count < SegmentRows && source.TryRead())
                    Gather(source);
                if (_gatheredBytes >= SegmentBytes || _ends.Count >= SegmentRows)
                    HandOn();
                if (_recordedBytes > _generator.Quota?.Bytes)
                    throw new ProblemException(DurableProblems.RecordingTooLarge(_generator.Quota.Bytes));
            }
        }
        finally
        {
            HandOn();
            await ReleaseAsync(source).ConfigureAwait(false);
        }
    }

    private void Gather(StreamSource source)
    {
        if (!_generator.IsText && _ends.Count > 0)
            _writer.Write((byte)',');
        source.WriteRecord(_writer);
        if (_generator.IsText)
            _writer.Write((byte)'\n');

        // Counted only now, so that nothing is recorded of an item whose writing fails.
        _gatheredBytes = (int)(_writer.BytesWritten - _gatheredFrom);
        _ends.Add(_gatheredBytes);
    }

    private void HandOn()
    {
        if (_ends.Count == 0)
            return;
        _writer.Commit();
        _recordedBytes += _gatheredBytes;
        var (data, start) = (_gathered.WrittenSpan[.._gatheredBytes].ToArray(), Window.Tail);
        Window.Add(_generator.IsText
            ? new RecordingSegment(start, start + data.Length, data, Ends: null)
            : new RecordingSegment(start, start + _ends.Count, data, [.. _ends]));

        _gathered.ResetWrittenCount();
        _gatheredFrom = _writer.BytesWritten;
        _gatheredBytes = 0;
        _ends.Clear();
    }

    private async Task ReleaseAsync(StreamSource source)
    {
        try
        {
            await source.DisposeAsync().AsTask().WaitAsync(ReleaseLimit, _time).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Its items are recorded. Only its own clean-up failed, or takes too long.
            _log.NotReleased(_generator.Path, e);
        }
    }

    private async Task StoreAsync()
    {
        for (var number = 0L; ; number++)
        {
            var batch = await Window.NextBatchAsync().ConfigureAwait(false);
            var next = batch.Count == 0 ? Window.Stored : batch[^1].Next;
            var isEnd = Window.IsComplete(next);
            if (batch.Count == 0 && !isEnd)
                return;

            await AppendAsync(new AppendToStream(
                _generator.Path, _generator.ContentType, Content(batch), Close: isEnd, Sequence: null,
                new ProducerPosition(Producer, 0, number))).ConfigureAwait(false);
            Window.HasStored(next);
            if (isEnd)
                return;
        }
    }

    private List<ReadOnlyMemory<byte>> Content(List<RecordingSegment> batch)
    {
        if (_generator.IsText)
            return batch.Count == 0 ? [] : [Joined(batch)];
        var messages = new List<ReadOnlyMemory<byte>>();
        batch.ForEach(segment => segment.AddMessagesTo(messages));
        return messages;
    }

    private static ReadOnlyMemory<byte> Joined(List<RecordingSegment> batch)
    {
        if (batch.Count == 1)
            return batch[0].Data;
        var joined = new ArrayBufferWriter<byte>(batch.Sum(segment => segment.Data.Length));
        batch.ForEach(segment => joined.Write(segment.Data.Span));
        return joined.WrittenMemory;
    }

    /// <summary>
    /// Appends, and tries again while the database is away or overloaded, for as long as this recorder is believed
    /// alive.
    /// </summary>
    private async Task AppendAsync(AppendToStream append)
    {
        var began = _time.GetTimestamp();
        for (var failures = 1; ; failures++)
        {
            try
            {
                var result = await _appends.AppendAsync(append, CancellationToken.None).ConfigureAwait(false);
                if (result.Status is not (AppendStatus.Appended or AppendStatus.Duplicate))
                    throw new ProblemException(Refusal(result.Status));
                return;
            }
            catch (Exception e) when (
                MayPass(e) && _time.GetElapsedTime(began).TotalSeconds < _options.RecorderSeconds)
            {
                if (failures == 1)
                    _log.NotStored(_generator.Path, e);
                await Task.Delay(Backoff.Compute(failures, LongestPause), _time).ConfigureAwait(false);
            }
        }
    }

    // Why the stream does not take what was recorded.
    private static Problem Refusal(AppendStatus status) => status switch
    {
        AppendStatus.StreamFull => DurableProblems.RecordingFull,
        AppendStatus.Closed => DurableProblems.RecordingClosed,
        _ => DurableProblems.RecordingDeleted,
    };

    // Whether another try may succeed: the problems for which that is so say when.
    private static bool MayPass(Exception failure) => PostgresFailures.Describe(failure).RetryAfterSeconds is not null;
}
