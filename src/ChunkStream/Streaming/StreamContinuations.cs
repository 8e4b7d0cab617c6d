namespace ChunkStream.Streaming;

/// <summary>How often the records of a stream were continued from a place amid them.</summary>
/// <param name="IsResumed">Whether the request itself asked for what follows a place that an earlier one had reached.</param>
/// <param name="ForReaders">How often the source let go of what it held, while its reader took nothing or others waited, and went on later.</param>
/// <param name="AfterFailures">How often it went on after a failure that was none of its own.</param>
/// <param name="LastFailure">The last of these failures.</param>
internal readonly record struct StreamContinuations(bool IsResumed, int ForReaders, int AfterFailures, Exception? LastFailure);
