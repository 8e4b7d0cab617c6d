namespace ChunkStream.Streaming;

/// <summary>
/// Thrown to the server after a stream has failed in mid-body, so that it closes the connection without the end of the
/// body, and no client takes the part for the whole. The failure itself is in the log event <c>StreamEnded</c>.
/// </summary>
public sealed class StreamCutException : Exception
{
    internal StreamCutException(string stream, StreamOutcome outcome)
        : base($"Stream {stream} was cut off on purpose ({outcome}), so that it does not look whole; the event StreamEnded says why.")
    {
    }
}
