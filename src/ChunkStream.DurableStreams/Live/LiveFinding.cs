namespace ChunkStream.DurableStreams.Live;

/// <summary>What a reader finds at its position.</summary>
internal enum LiveFinding
{
    /// <summary>The next segment, at hand.</summary>
    Segment,

    /// <summary>Nothing yet.</summary>
    Nothing,

    /// <summary>Something that is no longer at hand: it is in the database.</summary>
    Behind,

    /// <summary>The stream is deleted or has expired.</summary>
    Over,
}
