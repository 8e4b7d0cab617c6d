namespace ChunkStream.Streaming;

/// <summary>
/// How a stream ended. Each stream has exactly one outcome, which its log event and its metrics name.
/// </summary>
public enum StreamOutcome
{
    /// <summary>Every record was sent, and the response ended cleanly.</summary>
    Completed,

    /// <summary>
    /// The stream reached its maximum duration, or the process is stopping. The response ended cleanly, with the token
    /// that gets the rest.
    /// </summary>
    Continued,

    /// <summary>
    /// The request was refused, or the source failed before the first byte. The client got a real error status.
    /// </summary>
    Refused,

    /// <summary>The source failed in mid-stream. The client sees a broken response.</summary>
    Failed,

    /// <summary>The client left. That is not an error.</summary>
    ClientLeft,

    /// <summary>The stream reached its maximum duration. The client sees a broken response.</summary>
    DeadlineReached,

    /// <summary>
    /// The platform ended the invocation, or the process is stopping. The client sees a broken response.
    /// </summary>
    Stopped,
}
