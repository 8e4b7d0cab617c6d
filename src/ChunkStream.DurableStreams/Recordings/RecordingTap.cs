using ChunkStream.DurableStreams.Live;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>A reader of a recording, from a position on. Used by one caller.</summary>
internal interface IRecordingReader : IDisposable
{
    /// <summary>
    /// The next segment, once there is one; null if there are no more, and the recording is complete.
    /// </summary>
    /// <exception cref="ProblemException">The recording will never have more, and is not complete.</exception>
    ValueTask<LiveSegment?> NextAsync(CancellationToken cancellation);
}

/// <summary>
/// Reads a recording of this process, as it is made. It slows nobody: when it has fallen behind what is kept in memory,
/// it reads from the store.
/// </summary>
internal sealed class RecordingTap : IRecordingReader
{
    private readonly Recording _recording;
    private readonly RecordingStore _store;

    /// <param name="recording">The recording.</param>
    /// <param name="position">Where to begin.</param>
    /// <param name="store">Has the older part of the recording.</param>
    public RecordingTap(Recording recording, long position, RecordingStore store)
    {
        (_recording, _store, Position) = (recording, store, position);
        recording.Window.Join(this);
    }

    /// <summary>
    /// The position after what was given. It is used under the window's lock, except by the tap's own reads of the
    /// store.
    /// </summary>
    public long Position { get; set; }

    /// <inheritdoc />
    public ValueTask<LiveSegment?> NextAsync(CancellationToken cancellation)
    {
        var finding = _recording.Window.Find(this);
        return finding.Segment is not null || finding.IsEnd
            ? new ValueTask<LiveSegment?>(finding.Segment)
            : WaitAsync(finding, cancellation);
    }

    /// <inheritdoc />
    public void Dispose() => _recording.Leave(this);

    private async ValueTask<LiveSegment?> WaitAsync(TapFinding finding, CancellationToken cancellation)
    {
        while (true)
        {
            if (finding.ReadUpTo is { } to)
            {
                var segment = await _store.ReadAsync(_recording.Stream.Id, Position, to, cancellation)
                    .ConfigureAwait(false);
                Position = segment.Next;
                return segment;
            }

            if (finding.Changed is null)
                return finding.Segment;
            await finding.Changed.WaitAsync(cancellation).ConfigureAwait(false);
            finding = _recording.Window.Find(this);
        }
    }
}
