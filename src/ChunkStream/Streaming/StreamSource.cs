using ChunkStream.Formats;
using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>
/// A sequence of records to stream. It says what it has and writes one record at a time; the pump does the rest
/// (flushes, deadlines, ends).
/// </summary>
/// <remarks>
/// Used by one caller, in this order: <see cref="WaitToReadAsync"/> until it gives false, and after each true
/// <see cref="TryRead"/> until that gives false, each true followed by one <see cref="WriteRecord"/>. Disposing is
/// allowed at any moment at which no call is running, and gives back everything the source holds.
/// </remarks>
public abstract class StreamSource : IAsyncDisposable
{
    /// <summary>What the records look like. Known once <see cref="WaitToReadAsync"/> has completed for the first time.</summary>
    public abstract StreamSchema Schema { get; }

    /// <summary>
    /// Completes with true once a record is there, and with false at the end. It is not complete at once exactly when
    /// the source makes its reader wait: that is the pump's moment to flush. Nothing is started before the first call.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token that the source was made with was cancelled.</exception>
    public abstract ValueTask<bool> WaitToReadAsync();

    /// <summary>
    /// Steps to the next record if it is there without waiting. False says nothing about the end:
    /// <see cref="WaitToReadAsync"/> does.
    /// </summary>
    public abstract bool TryRead();

    /// <summary>
    /// Writes the record that <see cref="TryRead"/> stepped to, in the encoding that the source was made for, without
    /// the framing that the format puts around it.
    /// </summary>
    public abstract void WriteRecord(ByteWriter output);

    /// <summary>
    /// The place after the record that was written last, as a token by which a later request goes on there; empty where
    /// there is none. ASCII; valid until the next call of any member. Asked for also while a wait for a record is running.
    /// </summary>
    public virtual ReadOnlySpan<byte> Checkpoint => [];

    /// <summary>
    /// The reader takes nothing now, and no record will be read or written until it does. A source may give back what it
    /// holds meanwhile. May be called while a wait for a record is running.
    /// </summary>
    /// <param name="reader">Completes when the reader is back. The result completes after it, or fails.</param>
    public virtual Task WaitForReaderAsync(Task reader) => reader;

    /// <summary>How often the source was continued so far, for the log and the metrics.</summary>
    internal virtual StreamContinuations Continuations => default;

    /// <summary>What a client is told about a failure of this source. Never SQL text, host names or stack traces.</summary>
    public virtual Problem Describe(Exception failure) => failure is ProblemException known ? known.Problem : Problem.Internal;

    /// <inheritdoc />
    public abstract ValueTask DisposeAsync();
}
