using System.Buffers;
using ChunkStream.Formats;
using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// Gathers the items of a generator, and hands them on to the window as segments: when the generator pauses, or when
/// there are many.
/// </summary>
internal sealed class RecordingGatherer
{
    // When items are handed on although the generator does not pause.
    private const int SegmentBytes = 32 * 1024;
    private const int SegmentRows = 1_000;

    private readonly bool _isText;
    private readonly RecordingWindow _window;
    private readonly ArrayBufferWriter<byte> _gathered = new();
    private readonly ByteWriter _writer;
    private readonly List<int> _ends = [];
    private long _gatheredFrom;
    private int _gatheredBytes;

    /// <param name="isText">Whether the items are lines of text; otherwise they are JSON messages.</param>
    /// <param name="window">Takes the segments.</param>
    public RecordingGatherer(bool isText, RecordingWindow window)
    {
        (_isText, _window) = (isText, window);
        _writer = new ByteWriter(_gathered);
    }

    /// <summary>How many bytes were handed on.</summary>
    public long Bytes { get; private set; }

    /// <summary>Whether there is enough for a segment.</summary>
    public bool IsFull => _gatheredBytes >= SegmentBytes || _ends.Count >= SegmentRows;

    /// <summary>Adds the item to which a source has stepped.</summary>
    public void Add(StreamSource source)
    {
        if (!_isText && _ends.Count > 0)
            _writer.Write((byte)',');
        source.WriteRecord(_writer);
        if (_isText)
            _writer.Write((byte)'\n');

        // Counted only now, so that nothing is recorded of an item whose writing fails.
        _gatheredBytes = (int)(_writer.BytesWritten - _gatheredFrom);
        _ends.Add(_gatheredBytes);
    }

    /// <summary>Hands on what was gathered, if there is anything.</summary>
    public void HandOn()
    {
        if (_ends.Count == 0)
            return;
        _writer.Commit();
        Bytes += _gatheredBytes;
        var (data, start) = (_gathered.WrittenSpan[.._gatheredBytes].ToArray(), _window.Tail);
        _window.Add(_isText
            ? new RecordingSegment(start, start + data.Length, data, Ends: null)
            : new RecordingSegment(start, start + _ends.Count, data, [.. _ends]));

        _gathered.ResetWrittenCount();
        _gatheredFrom = _writer.BytesWritten;
        _gatheredBytes = 0;
        _ends.Clear();
    }
}
