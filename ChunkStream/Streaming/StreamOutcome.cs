namespace ChunkStream.Streaming;

/// <summary>How a stream ended. Each stream ends as exactly one of these: one log event, one metric tag.</summary>
public enum StreamOutcome
{
    /// <summary>Every record was sent, and the response ended cleanly.</summary>
    Completed,

    /// <summary>The source failed before the first byte: the client got a real error status.</summary>
    Refused,

    /// <summary>The source failed in mid-stream: the connection was aborted, so that nobody takes the rest for the whole.</summary>
    Failed,

    /// <summary>The client left. Not an error.</summary>
    ClientLeft,

    /// <summary>The platform ended the invocation (its time limit, or a shutdown): the connection was aborted.</summary>
    Stopped,
}
