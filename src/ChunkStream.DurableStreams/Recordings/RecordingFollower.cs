using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// Reads a recording that another process makes, or that has ended, from the store. It checks now and then whether its
/// recorder is still alive.
/// </summary>
internal sealed class RecordingFollower : IRecordingReader
{
    private readonly RecordingStore _store;
    private readonly LiveStreams _live;
    private readonly TimeProvider _time;
    private readonly TimeSpan _lookEach;
    private DurableStream _stream;
    private RecordingCut? _cut;
    private long _position;
    private long? _lookedAt;
    private LiveReader? _reader;

    /// <param name="begun">The recording, as it was found.</param>
    /// <param name="position">Where to begin.</param>
    /// <param name="store">Has the recording, and tells how far it is.</param>
    /// <param name="live">Tells when more is appended.</param>
    /// <param name="lookEach">How often to ask whether its recorder is still alive.</param>
    /// <param name="time">The clock that measures how often.</param>
    public RecordingFollower(
        BegunRecording begun,
        long position,
        RecordingStore store,
        LiveStreams live,
        TimeSpan lookEach,
        TimeProvider time)
    {
        (_stream, _cut, _position) = (begun.Stream!, begun.Cut, position);
        (_store, _live, _lookEach, _time) = (store, live, lookEach, time);
    }

    /// <inheritdoc />
    public async ValueTask<LiveSegment?> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (_reader is null && _position < _stream.Tail)
                return await ReadAsync(cancellation).ConfigureAwait(false);
            if (_cut is { } cut)
                throw new RecordingCutException(cut, cut.Describe());
            if (_stream.Closed)
                return _position > _stream.Tail ? throw new ProblemException(DurableProblems.BeyondRecording) : null;
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
        var segment = await _store.ReadAsync(_stream.Id, _position, _stream.Tail, cancellation).ConfigureAwait(false);

        // What the segment says about the end of the stream is not taken over: tail, closure and cut must all come from
        // one look.
        _position = segment.Next;
        return segment;
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        var asked = _time.GetTimestamp();
        var state = await _store.LookAsync(_stream.Id, cancellation).ConfigureAwait(false);
        if (state.IsOver)
            throw new ProblemException(DurableProblems.RecordingDeleted);
        _lookedAt = asked;
        _cut = state.Cut;

        // The live reader gives what comes next. Read from the store as well, it would come twice.
        if (_reader is not null && _cut is null && !state.IsComplete)
            return;
        _reader?.Dispose();
        _reader = null;
        _stream = _stream with { Tail = state.Tail, Closed = state.IsComplete, ReadAt = asked };
    }

    // Null when it is time to look again.
    private async Task<LiveSegment?> WaitAsync(CancellationToken cancellation)
    {
        _reader ??= _live.Follow(_stream, _position);
        using var look = new CancellationTokenSource(_lookEach, _time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, look.Token);
        try
        {
            if (await _reader.NextAsync(limit.Token).ConfigureAwait(false) is not { } segment)
                throw new ProblemException(DurableProblems.RecordingDeleted);
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
