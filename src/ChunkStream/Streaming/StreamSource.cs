using ChunkStream.Formats;
using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>
/// A sequence of records to stream. It writes one record at a time; the pump does the rest (flushes, heartbeats,
/// deadlines, ends).
/// </summary>
/// <remarks>
/// A source has one caller, which calls <see cref="WaitToReadAsync"/> until it gives false. After each true it calls
/// <see cref="TryRead"/> until that gives false, and after each true of that <see cref="WriteRecord"/> once. The source
/// can be disposed whenever no call is running; that gives back everything it holds.
/// </remarks>
public abstract class StreamSource : IAsyncDisposable
{
    /// <summary>
    /// What the records look like. It must be known once <see cref="WaitToReadAsync"/> has completed for the first
    /// time.
    /// </summary>
    public abstract StreamSchema Schema { get; }

    /// <summary>
    /// Waits for the next record: true once there is one, false at the end. Completes synchronously if a record is
    /// buffered; otherwise the pump flushes before it awaits. The source must start nothing before the first call.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token with which the source was made was cancelled.</exception>
    public abstract ValueTask<bool> WaitToReadAsync();

    /// <summary>
    /// Steps to the next record if that needs no wait. False does not mean the end: only <see cref="WaitToReadAsync"/>
    /// tells that.
    /// </summary>
    public abstract bool TryRead();

    /// <summary>
    /// Writes the record to which <see cref="TryRead"/> stepped, in the encoding for which the source was made. The
    /// format writes the bytes around it.
    /// </summary>
    /// <param name="output">Takes the bytes.</param>
    public abstract void WriteRecord(ByteWriter output);

    /// <summary>
    /// The place after the last written record, as a token with which a later request resumes there; empty if there is
    /// none. The token is ASCII, and valid until the next call of any member. This may be called while a wait for a
    /// record is running.
    /// </summary>
    public virtual ReadOnlySpan<byte> Checkpoint => [];

    /// <summary>
    /// Called when the reader takes nothing at the moment: no record is read or written until it does. A source may
    /// give back what it holds meanwhile. This may be called while a wait for a record is running.
    /// </summary>
    /// <param name="reader">A task that completes when the reader takes bytes again.</param>
    /// <returns>
    /// A task that completes after <paramref name="reader"/>, or fails if the stream can't wait so long.
    /// </returns>
    public virtual Task WaitForReaderAsync(Task reader) => reader;

    /// <summary>
    /// The same place as a token that may also name the span with which the stream began, so that the span of the
    /// stream that resumes here is linked with it. It is longer, and so is sent once a flush at most, not with each
    /// record.
    /// </summary>
    internal virtual ReadOnlySpan<byte> LinkedCheckpoint => Checkpoint;

    /// <summary>The span of the stream that reads this source; null where nobody traces it.</summary>
    internal StreamSpan? Span { get; set; }

    /// <summary>How often the source was continued so far, for the log and the metrics.</summary>
    internal virtual StreamContinuations Continuations => default;

    /// <summary>
    /// Says what a client is told of a failure of this source. It must contain no SQL text, no host names and no stack
    /// traces.
    /// </summary>
    /// <param name="failure">The exception that a member of this source threw.</param>
    public virtual Problem Describe(Exception failure)
        => failure is ProblemException known ? known.Problem : Problem.Internal;

    /// <inheritdoc />
    public abstract ValueTask DisposeAsync();
}
