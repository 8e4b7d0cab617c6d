namespace ChunkStream.Streaming;

/// <summary>
/// Thrown to the server after a stream has failed in mid-body, so that the server closes the connection without the end
/// of the body, and no client takes the part for the whole. The log event <c>StreamEnded</c> says why the stream
/// failed.
/// </summary>
public sealed class StreamCutException : Exception
{
    internal StreamCutException(string stream, StreamOutcome outcome)
        : base($"Stream {stream} was cut on purpose ({outcome}), so that it does not look complete. "
            + "The log event StreamEnded says why.")
    {
    }
}
