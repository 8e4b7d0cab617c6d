using ChunkStream.Formats;
using ChunkStream.Postgres.Failures;
using ChunkStream.Problems;
using ChunkStream.Streaming;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>
/// The items of a recording, from a place to its end, as they come. If there is no recording yet, the generator is
/// started.
/// </summary>
internal sealed class RecordingSource : StreamSource
{
    private readonly Func<CancellationToken, Task<IRecordingReader>> _open;
    private readonly RecordableGenerator _generator;
    private readonly CancellationToken _cancellation;
    private readonly RecordedItems _items;
    private readonly byte[] _checkpoint = new byte[20];
    private IRecordingReader? _reader;
    private bool _isRead;
    private long _written;
    private Task? _waiting;

    /// <param name="recordings">The recordings of this process, and the way to all others.</param>
    /// <param name="generator">What is recorded.</param>
    /// <param name="from">Where to begin; null: at the start, and if there is no recording then with a new one.</param>
    /// <param name="encoding">How an item is written.</param>
    /// <param name="cancellation">Ends the reading, and not the recording.</param>
    public RecordingSource(
        RecordingRegistry recordings,
        RecordableGenerator generator,
        long? from,
        RecordEncoding encoding,
        CancellationToken cancellation)
        : this(token => recordings.OpenAsync(generator, from, token), generator, from, encoding, cancellation)
    {
    }

    /// <param name="open">Opens the recording at the place where to begin.</param>
    /// <param name="generator">What is recorded: the shape of its items.</param>
    /// <param name="from">Where to begin; null: at the start.</param>
    /// <param name="encoding">How an item is written.</param>
    /// <param name="cancellation">Ends the reading, and not the recording.</param>
    public RecordingSource(
        Func<CancellationToken, Task<IRecordingReader>> open,
        RecordableGenerator generator,
        long? from,
        RecordEncoding encoding,
        CancellationToken cancellation)
    {
        (_open, _generator, _cancellation) = (open, generator, cancellation);
        _written = from ?? 0;
        _items = new RecordedItems(generator, _written, encoding);
    }

    /// <inheritdoc />
    public override StreamSchema Schema => _generator.Shape.Schema;

    /// <summary>
    /// The offset in the recording's stream after the last item that was written. Later items may have been read
    /// already.
    /// </summary>
    public override ReadOnlySpan<byte> Checkpoint
    {
        get
        {
            _written.TryFormat(_checkpoint, out var length, "D19", System.Globalization.CultureInfo.InvariantCulture);
            return _checkpoint.AsSpan(0, length);
        }
    }

    /// <inheritdoc />
    public override ValueTask<bool> WaitToReadAsync()
    {
        if (_isRead || TryStep())
            return new ValueTask<bool>(true);

        var waiting = NextAsync();
        if (waiting.IsCompletedSuccessfully)
            return waiting;
        var task = waiting.AsTask();
        _waiting = task;
        return new ValueTask<bool>(task);
    }

    /// <inheritdoc />
    public override bool TryRead()
    {
        var isRead = _isRead || TryStep();
        _isRead = false;
        return isRead;
    }

    /// <inheritdoc />
    public override void WriteRecord(ByteWriter output)
    {
        _items.Write(output);
        _written = _items.Position;
    }

    /// <inheritdoc />
    public override Problem Describe(Exception failure) => PostgresFailures.Describe(failure);

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        // If a wait is still under way, its token is cancelled by now.
        await (_waiting ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _reader?.Dispose();
        _items.Dispose();
    }

    private bool TryStep() => _isRead = _items.TryRead();

    private async ValueTask<bool> NextAsync()
    {
        _reader ??= await _open(_cancellation).ConfigureAwait(false);
        while (await _reader.NextAsync(_cancellation).ConfigureAwait(false) is { } segment)
        {
            _items.Take(segment.Data);
            if (TryStep())
                return true;
        }

        return false;
    }
}
