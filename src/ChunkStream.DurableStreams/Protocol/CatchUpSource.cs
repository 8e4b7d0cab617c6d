using ChunkStream.DurableStreams.Store;
using ChunkStream.Formats;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>
/// A stream's data up to a position, read from the database segment by segment: while one is sent, the next is on its
/// way. What was promised in the headers comes, or the response breaks.
/// </summary>
internal sealed class CatchUpSource : StreamSource
{
    // How much of a segment is written at a time, so that the pump can flush in between.
    private static readonly int SliceBytes = 2 * BufferSizes.Block;

    private readonly DurableStore _store;
    private readonly DurableStream _stream;
    private readonly long _end;
    private readonly int _segmentBytes;
    private readonly CancellationToken _cancellation;

    private ReadOnlyMemory<byte> _rest;
    private long _position;
    private bool _owesComma;
    private bool _hasWritten;
    private Task<StoredSegment>? _ahead;
    private SegmentBuffer _sent = new();
    private SegmentBuffer _read = new();

    /// <param name="store">Has the rest of the stream.</param>
    /// <param name="first">The first segment.</param>
    /// <param name="end">The position to end at, which is not before the end of the first segment.</param>
    /// <param name="segmentBytes">About how many bytes to read at a time.</param>
    /// <param name="cancellation">When it is cancelled, the reading ends.</param>
    public CatchUpSource(
        DurableStore store, StoredSegment first, long end, int segmentBytes, CancellationToken cancellation)
    {
        (_store, _stream, _end, _segmentBytes, _cancellation) = (store, first.Stream!, end, segmentBytes, cancellation);
        Take(first);
    }

    /// <inheritdoc />
    public override StreamSchema Schema { get; } = new([]);

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync()
        => !_rest.IsEmpty ? new ValueTask<bool>(true)
            : _ahead is null ? new ValueTask<bool>(false)
            : NextSegmentAsync();

    /// <inheritdoc />
    public override bool TryRead() => !_rest.IsEmpty;

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output)
    {
        if (_owesComma)
            output.Write((byte)',');
        (_owesComma, _hasWritten) = (false, true);

        var length = Math.Min(_rest.Length, SliceBytes);
        output.Write(_rest.Span[..length]);
        _rest = _rest[length..];
    }

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => PostgresFailures.Describe(failure);

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await (_ahead ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _sent.Dispose();
        _read.Dispose();
    }

    private async ValueTask<bool> NextSegmentAsync()
    {
        while (_rest.IsEmpty && _ahead is not null)
        {
            var stored = await _ahead.ConfigureAwait(false);
            if (stored.Presence is not Presence.Present)
                throw new ProblemException(DurableProblems.NoStream);
            if (stored.Next <= _position)
                throw new InvalidDataException(
                    $"Stream {_stream.Id} has nothing at position {_position}, but should end at {_end}.");
            Take(stored);
        }

        return !_rest.IsEmpty;
    }

    private void Take(StoredSegment stored)
    {
        (_rest, _position) = (stored.Data, stored.Next);
        _owesComma = _stream.IsJson && _hasWritten;
        (_sent, _read) = (_read, _sent);
        _ahead = _position < _end
            ? _store.ReadOnAsync(_stream.Id, _position, _end, _segmentBytes, _read, _cancellation)
            : null;
    }
}
