using System.Globalization;

namespace ChunkStream.DurableStreams.Store;

/// <summary>Something to append to a stream, or to close it with, or both at once.</summary>
/// <param name="Path">The stream's path: checked before.</param>
/// <param name="ContentType">The media type; null only without content.</param>
/// <param name="Content">In JSON mode the messages, else at most one segment. Empty: only to close.</param>
/// <param name="Close">Whether nothing may follow.</param>
/// <param name="Sequence">
/// The writer's <c>Stream-Seq</c>, which must sort after the stream's last one byte by byte; or null.
/// </param>
/// <param name="Producer">Which of a producer's appends it is, or null.</param>
internal sealed record AppendToStream(
    string Path,
    string? ContentType,
    IReadOnlyList<ReadOnlyMemory<byte>> Content,
    bool Close,
    string? Sequence,
    ProducerPosition? Producer);

/// <summary>Which append of an idempotent producer.</summary>
/// <param name="Id">The producer.</param>
/// <param name="Epoch">Its session, 0 to 2^53-1: a higher one fences off those below.</param>
/// <param name="Sequence">The append's number in the session, 0 to 2^53-1, without gaps.</param>
internal sealed record ProducerPosition(string Id, long Epoch, long Sequence)
{
    /// <summary>
    /// Stands in the ids that this program itself makes, and in none that a client gives: a header can't have it.
    /// </summary>
    public const char Separator = '\u0001';

    /// <summary>
    /// The producer that records into a stream, and alone may append to it: the SQL function recorder_of gives it, too.
    /// </summary>
    public static string Recorder(long streamId)
        => string.Create(CultureInfo.InvariantCulture, $"{Separator}recorder {streamId}");
}

/// <summary>What became of an append, in the order in which the database checks.</summary>
internal enum AppendStatus
{
    /// <summary>It is in the stream.</summary>
    Appended,

    /// <summary>
    /// The producer's append was in the stream already, or the stream was closed already and was only to be closed.
    /// </summary>
    Duplicate,

    /// <summary>There is no stream.</summary>
    Missing,

    /// <summary>The stream is deleted, and kept only for its forks.</summary>
    Gone,

    /// <summary>The stream is closed.</summary>
    Closed,

    /// <summary>The stream is a recording of somebody else, or the recorder's own stream is gone.</summary>
    NotTheRecorder,

    /// <summary>The stream has another content type.</summary>
    ContentTypeDiffers,

    /// <summary>The producer has a later session.</summary>
    StaleEpoch,

    /// <summary>A new session did not begin with 0.</summary>
    EpochNotAtZero,

    /// <summary>Appends of the producer before this one are missing.</summary>
    SequenceGap,

    /// <summary><c>Stream-Seq</c> does not sort after the last one.</summary>
    SequenceRegression,

    /// <summary>The stream would become larger than a stream may be.</summary>
    StreamFull,
}

/// <summary>The outcome of an append.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Tail">
/// The stream's tail afterwards. Not with <see cref="AppendStatus.Missing"/> and <see cref="AppendStatus.Gone"/>.
/// </param>
/// <param name="Closed">Whether the stream is closed afterwards.</param>
/// <param name="ProducerEpoch">The session of the producer that the stream knows, if it knows one.</param>
/// <param name="ProducerSequence">The last append of that session that the stream has.</param>
internal sealed record AppendResult(
    AppendStatus Status,
    long Tail,
    bool Closed,
    long? ProducerEpoch,
    long? ProducerSequence);

/// <summary>The outcomes of appends to one stream.</summary>
/// <param name="Id">The stream's number, unless there is none.</param>
/// <param name="Each">The outcome of each append, in their order.</param>
internal sealed record AppendResults(long? Id, IReadOnlyList<AppendResult> Each);
