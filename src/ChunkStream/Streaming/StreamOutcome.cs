namespace ChunkStream.Streaming;

/// <summary>How a stream ended. Each stream ends as exactly one of these: one log event, one metric tag.</summary>
public enum StreamOutcome
{
    /// <summary>Every record was sent, and the response ended cleanly.</summary>
    Completed,

    /// <summary>
    /// It reached its maximum duration, or the process is stopping; the response ended cleanly and says by which token the
    /// rest is to be had.
    /// </summary>
    Continued,

    /// <summary>The source failed, or took too long, before the first byte: the client got a real error status.</summary>
    Refused,

    /// <summary>The source failed in mid-stream: the client sees a broken response.</summary>
    Failed,

    /// <summary>The client left. Not an error.</summary>
    ClientLeft,

    /// <summary>The stream reached its maximum duration: the client sees a broken response.</summary>
    DeadlineReached,

    /// <summary>The platform ended the call, or the process is stopping: the client sees a broken response.</summary>
    Stopped,
}
