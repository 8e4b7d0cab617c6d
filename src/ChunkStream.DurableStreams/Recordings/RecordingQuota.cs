namespace ChunkStream.DurableStreams.Recordings;

/// <summary>How much of the database recordings may fill that nobody needs a key for.</summary>
/// <param name="Prefix">What the paths of those begin with that it counts together.</param>
/// <param name="Recordings">How many there may be at a time, those that are complete included.</param>
/// <param name="Bytes">How many bytes each may have.</param>
internal sealed record RecordingQuota(string Prefix, int Recordings, long Bytes);
