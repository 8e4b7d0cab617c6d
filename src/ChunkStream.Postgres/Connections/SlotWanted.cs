namespace ChunkStream.Postgres.Connections;

/// <summary>Who waits for a place.</summary>
internal enum SlotWanted
{
    /// <summary>Nobody.</summary>
    ByNobody,

    /// <summary>Streams that had one before, and go on with the next.</summary>
    ByReturning,

    /// <summary>Streams that have not begun, among others.</summary>
    ByNewcomers,
}
