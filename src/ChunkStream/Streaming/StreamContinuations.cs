namespace ChunkStream.Streaming;

/// <summary>How often a stream was continued from a place in the middle.</summary>
/// <param name="IsResumed">Whether the request itself resumed an earlier stream.</param>
/// <param name="ForReaders">
/// How often the source gave back its connection and went on later, because its reader took nothing or others waited.
/// </param>
/// <param name="AfterFailures">How often the source went on after a failure of the database or the network.</param>
/// <param name="LastFailure">The last of these failures; null if there was none.</param>
internal readonly record struct StreamContinuations(
    bool IsResumed, int ForReaders, int AfterFailures, Exception? LastFailure);
