using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// Reads a recording that another process makes, or that has ended: from the store. Looks now and then whether there still is somebody
/// who records.
/// </summary>
internal sealed class RecordingFollower : IRecordingReader
{
    private readonly DurableStore _store;
    private readonly RecordingStore _functions;
    private readonly LiveStreams _live;
    private readonly DurableStreamOptions _options;
    private readonly TimeProvider _time;
    private readonly TimeSpan _lookEach;
    private DurableStream _stream;
    private RecordingCut? _cut;
    private long _position;
    private long? _lookedAt;
    private LiveReader? _reader;

    /// <param name="begun">The recording, as it was found.</param>
    /// <param name="position">Where to begin.</param>
    /// <param name="store">Reads the stream.</param>
    /// <param name="functions">Tells how far the recording is.</param>
    /// <param name="live">Where to wait.</param>
    /// <param name="options">For how long a recorder is believed alive, and how much to read at a time.</param>
    /// <param name="time">Measures that.</param>
    public RecordingFollower(
        BegunRecording begun, long position, DurableStore store, RecordingStore functions, LiveStreams live, DurableStreamOptions options, TimeProvider time)
    {
        (_stream, _cut, _position) = (begun.Stream!, begun.Cut, position);
        (_store, _functions, _live, _options, _time) = (store, functions, live, options, time);
        _lookEach = TimeSpan.FromSeconds(options.RecorderSeconds / 3);
    }

    /// <inheritdoc />
    public async ValueTask<LiveSegment?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (_reader is null && _position < _stream.Tail)
                return await ReadAsync(cancellation).ConfigureAwait(false);
            if (_cut is { } cut)
                throw new ProblemException(RecordingProblems.Incomplete(cut));
            if (_stream.Closed)
                return _position > _stream.Tail ? throw new ProblemException(RecordingProblems.BeyondEnd) : null;
            if (_lookedAt is not { } at || _time.GetElapsedTime(at) >= _lookEach)
                await LookAsync(cancellation).ConfigureAwait(false);
            else if (await WaitAsync(cancellation).ConfigureAwait(false) is { } segment)
                return segment;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _reader?.Dispose();

    private async Task<LiveSegment> ReadAsync(CancellationToken cancellation)
    {
        var stored = await _store.ReadOnAsync(_stream.Id, _position, _stream.Tail, _options.SegmentBytes, cancellation).ConfigureAwait(false);
        if (LiveSegment.Of(stored) is not { } segment || segment.Next <= _position)
            throw new ProblemException(RecordingProblems.Deleted);

        // What else has become of it is the next look's business: what is known of its end must not be older than that.
        _position = segment.Next;
        return segment;
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        var asked = _time.GetTimestamp();
        var state = await _functions.LookAsync(_stream.Id, cancellation).ConfigureAwait(false);
        if (state.IsOver)
            throw new ProblemException(RecordingProblems.Deleted);
        _lookedAt = asked;
        _cut = state.Cut;

        // While we wait in line for what comes, we get it there; else we would have it twice.
        if (_reader is not null && _cut is null && !state.IsComplete)
            return;
        _reader?.Dispose();
        _reader = null;
        _stream = _stream with { Tail = state.Tail, Closed = state.IsComplete, ReadAt = asked };
    }

    // Null: it is time to look.
    private async Task<LiveSegment?> WaitAsync(CancellationToken cancellation)
    {
        _reader ??= _live.Follow(_stream, _position);
        using var look = new CancellationTokenSource(_lookEach, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, look.Token);
        try
        {
            if (await _reader.NextAsync(limit.Token).ConfigureAwait(false) is not { } segment)
                throw new ProblemException(RecordingProblems.Deleted);
            if (segment.Closed)
                _stream = _stream with { Tail = segment.Next, Closed = true };
            _position = segment.Next;
            return segment.Data.IsEmpty ? null : segment;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }
}
