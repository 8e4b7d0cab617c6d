namespace ChunkStream.Durable;

/// <summary>
/// The readers of this process that wait for more. All readers of a stream share one read of the database a change.
/// </summary>
internal sealed class LiveStreams
{
    /// <summary>Follows a stream from a position.</summary>
    /// <param name="stream">The stream, as it was when it was read last.</param>
    /// <param name="position">From where on.</param>
    /// <exception cref="Problems.ProblemException">As many readers follow streams as may: 503.</exception>
    public LiveReader Follow(StreamInfo stream, long position) => throw new NotImplementedException();
}

/// <summary>One who follows a stream. Used by one caller; disposing gives its place back.</summary>
internal sealed class LiveReader : IDisposable
{
    /// <summary>
    /// Completes when there is something after the position: with the next block, from which the position moves on; with a block without data
    /// once the stream is closed at the position; or with null once the stream is deleted or has expired.
    /// </summary>
    /// <param name="cancellation">Ends the wait; the reader can wait again.</param>
    public ValueTask<StreamBlock?> NextAsync(CancellationToken cancellation) => throw new NotImplementedException();

    /// <inheritdoc />
    public void Dispose() => throw new NotImplementedException();
}

/// <summary>A run of units that all readers of a stream at its start are given. Immutable and shared.</summary>
/// <param name="Start">The position of the first unit.</param>
/// <param name="Next">The position after the last.</param>
/// <param name="Data">As in <see cref="StreamPiece"/>.</param>
/// <param name="UpToDate">Whether <paramref name="Next"/> was the tail when it was read.</param>
/// <param name="Closed">Whether the stream is closed at <paramref name="Next"/>.</param>
internal sealed record StreamBlock(long Start, long Next, ReadOnlyMemory<byte> Data, bool UpToDate, bool Closed)
{
    /// <summary>What is made of the block once for all its readers: the bytes of its event.</summary>
    public object? Encoded { get; set; }
}
