namespace ChunkStream.DurableStreams.Store;

/// <summary>A stream to create, unless it is there already.</summary>
/// <param name="Path">Its path: checked before.</param>
/// <param name="ContentType">The media type; null only for a fork, which then has its source's.</param>
/// <param name="IsJson">Whether the content type is JSON's.</param>
/// <param name="Content">The first content: in JSON mode the messages, else at most one segment.</param>
/// <param name="Closed">Whether it is closed from the start.</param>
/// <param name="TtlSeconds">See <see cref="DurableStream"/>.</param>
/// <param name="ExpiresAt">See <see cref="DurableStream"/>.</param>
/// <param name="Fork">Where it branches off, or null.</param>
internal sealed record CreateStream(
    string Path,
    string? ContentType,
    bool IsJson,
    IReadOnlyList<ReadOnlyMemory<byte>> Content,
    bool Closed,
    long? TtlSeconds,
    DateTimeOffset? ExpiresAt,
    ForkPoint? Fork);

/// <summary>Where a fork branches off.</summary>
/// <param name="SourcePath">The source stream's path.</param>
/// <param name="Position">The position up to which the fork has the source's data; null: its tail.</param>
/// <param name="SubOffset">How many bytes or messages past that.</param>
internal sealed record ForkPoint(string SourcePath, long? Position, long SubOffset);

/// <summary>What became of a stream that was to be created.</summary>
internal enum CreateStatus
{
    /// <summary>It is there now.</summary>
    Created,

    /// <summary>It was there, as it was asked for.</summary>
    Exists,

    /// <summary>Another stream is there: other content type, time to live, closure or fork point.</summary>
    Differs,

    /// <summary>A deleted stream that still has forks is there.</summary>
    PathGone,

    /// <summary>There is no source stream.</summary>
    SourceMissing,

    /// <summary>The source stream is deleted, and kept only for its forks.</summary>
    SourceGone,

    /// <summary>The source stream has another content type.</summary>
    SourceDiffers,

    /// <summary>The fork point lies beyond the source's tail.</summary>
    ForkPointBeyondTail,
}

/// <summary>The outcome of a creation.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Stream">
/// The stream that is there, with <see cref="CreateStatus.Created"/> and <see cref="CreateStatus.Exists"/>.
/// </param>
internal sealed record CreateResult(CreateStatus Status, DurableStream? Stream);
