namespace ChunkStream.DurableStreams.Recordings;

/// <summary>How much of the database may be filled with recordings that anyone can make without a key.</summary>
/// <param name="Prefix">What the paths of the recordings begin with that are counted together.</param>
/// <param name="Recordings">How many there may be at a time, those that are complete included.</param>
/// <param name="Bytes">How many bytes each may have.</param>
internal sealed record RecordingQuota(string Prefix, int Recordings, long Bytes);
