namespace ChunkStream.DurableStreams.Store;

/// <summary>A durable stream as it was at one moment.</summary>
/// <param name="Id">Its number, never used again: a stream that is created anew at a path is another one.</param>
/// <param name="ContentType">The media type, as it was given when the stream was created.</param>
/// <param name="IsJson">Whether it is a sequence of JSON messages; otherwise of bytes.</param>
/// <param name="Tail">The position after its last byte or message.</param>
/// <param name="Closed">Whether nothing will ever follow.</param>
/// <param name="TtlSeconds">After how many seconds without a read or a write it expires, or null.</param>
/// <param name="ExpiresAt">When it expires, as it was given; or null.</param>
internal sealed record DurableStream(
    long Id,
    string ContentType,
    bool IsJson,
    long Tail,
    bool Closed,
    long? TtlSeconds,
    DateTimeOffset? ExpiresAt)
{
    /// <summary>When the database was asked for it: a timestamp of the process's <see cref="TimeProvider"/>.</summary>
    public long ReadAt { get; init; }
}

/// <summary>Whether a path has a stream.</summary>
internal enum Presence
{
    /// <summary>It has.</summary>
    Present,

    /// <summary>It has none: never had, deleted, or expired.</summary>
    Missing,

    /// <summary>It is deleted, and kept only for its forks.</summary>
    Gone,
}

/// <summary>What is at a path.</summary>
/// <param name="Presence">Whether there is a stream.</param>
/// <param name="Stream">The stream, if it is present.</param>
internal sealed record FoundStream(Presence Presence, DurableStream? Stream);

/// <summary>What was deleted.</summary>
/// <param name="Presence">Whether there was a stream.</param>
/// <param name="Id">Its number, if there was one.</param>
internal sealed record DeletedStream(Presence Presence, long? Id);

/// <summary>How far a stream is.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Tail">The position after its last byte or message.</param>
/// <param name="IsClosed">Whether nothing will ever follow.</param>
/// <param name="IsOver">Whether it is deleted or has expired.</param>
internal readonly record struct LookedAtStream(long Id, long Tail, bool IsClosed, bool IsOver);
