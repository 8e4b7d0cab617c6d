using System.Globalization;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>What clients of recordings are told.</summary>
internal static class RecordingProblems
{
    /// <summary>Recording without a key is not allowed. 403.</summary>
    public static Problem NotPublic { get; } = new(
        "urn:chunkstream:recording-not-public", "Recording not public", 403,
        "Recording without a key is not allowed here: the setting ChunkStream:Streams:PublicRecording allows it. Leave out 'record'.");

    /// <summary>There is no such recording to resume. 404.</summary>
    public static Problem Missing { get; } = Problem.NotFound(
        "There is no recording to go on in: it was deleted, or has expired. Without 'resume' and Last-Event-ID a new one is made.");

    /// <summary>The recording is deleted while it is read. 404.</summary>
    public static Problem Deleted { get; } = Problem.NotFound(
        "The recording was deleted, or has expired, before it was complete.");

    /// <summary>There is a recording of something else. 409.</summary>
    public static Problem Differs { get; } = new(
        "urn:chunkstream:recording-differs", "Recording differs", 409,
        "There is a recording of this name, made with other parameters: give the same, or another name.");

    /// <summary>The path is taken by a stream that is no recording. 409.</summary>
    public static Problem Taken { get; } = new(
        "urn:chunkstream:stream-exists", "Stream exists", 409,
        "There is, or was, a stream of this name that is no recording: take another name.");

    /// <summary>As many recordings run as may. 503.</summary>
    public static Problem TooMany { get; } = new(
        "urn:chunkstream:too-many-recordings", "Too many recordings", 503,
        "As many recordings run on this instance as may. What is recorded already can be read.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>As many recordings without a key are being begun as may be at once. 503.</summary>
    public static Problem TooManyAtOnce { get; } = TooMany with
    {
        Detail = "As many recordings without a key are being begun on this instance as may be at once. What is recorded already can be read.",
        RetryAfterSeconds = 2,
    };

    /// <summary>There are as many recordings as an endpoint without a key may have. 503.</summary>
    public static Problem QuotaReached(int recordings) => new(
        "urn:chunkstream:too-many-recordings", "Too many recordings", 503,
        string.Create(CultureInfo.InvariantCulture,
            $"There are {recordings} recordings here, as many as may be made without a key (ChunkStream:Streams:PublicRecordings). ")
        + "What is recorded already can be read; they go when nobody has read them for a while.")
    {
        RetryAfterSeconds = 60,
    };

    /// <summary>The recording has become larger than one that needs no key may be. 413.</summary>
    public static Problem TooLarge(long bytes) => new(
        "urn:chunkstream:recording-too-large", "Recording too large", 413,
        string.Create(CultureInfo.InvariantCulture,
            $"A recording without a key may have {bytes} bytes (ChunkStream:Streams:PublicRecordingBytes): it ends here, and is not complete."));

    /// <summary>A recording that has no end, and never will. 410.</summary>
    public static Problem Incomplete(RecordingCut cut) => new(
        "urn:chunkstream:recording-incomplete", "Recording incomplete", 410,
        "This is all that was recorded, but not all that there should be: " + cut switch
        {
            RecordingCut.Failed => "what was being recorded has failed.",
            RecordingCut.LimitReached => "nobody read it for as long as a recording goes on without readers.",
            RecordingCut.Stopped => "the process that recorded it was stopped.",
            RecordingCut.Abandoned => "the process that recorded it is gone.",
            _ => throw new ArgumentOutOfRangeException(nameof(cut), cut, "No such cut."),
        } + " Another name makes another recording.");

    /// <summary>The store does not take what was recorded. 404, 409, 413.</summary>
    public static Problem NotStored(AppendStatus status) => status switch
    {
        AppendStatus.StreamFull => new(
            "urn:chunkstream:stream-full", "Stream full", 413, "The recording has reached the size that a stream may have, and is not complete."),
        AppendStatus.Closed => new(
            "urn:chunkstream:stream-closed", "Stream closed", 409, "Somebody else has closed the recording's stream, before it was complete."),
        _ => Deleted,
    };

    /// <summary>The place to resume at lies beyond the end. 400.</summary>
    public static Problem BeyondEnd { get; } = Problem.InvalidResumeToken(
        "The recording ends before this place: it is one of another recording, maybe of one that was deleted and made anew.");
}
