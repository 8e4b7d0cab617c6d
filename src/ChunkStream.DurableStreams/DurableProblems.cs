using System.Globalization;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams;

/// <summary>Every problem of durable streams and recordings, beside those that all streams have.</summary>
internal static class DurableProblems
{
    /// <summary>The path can't be a stream's. 400.</summary>
    public static Problem InvalidPath(string detail) => new(
        "urn:chunkstream:invalid-stream-path", "Invalid stream path", 400, detail);

    /// <summary>Headers that can't be read, or don't go together. 400.</summary>
    public static Problem InvalidHeaders(IReadOnlyList<ParameterError> errors) => new(
        "urn:chunkstream:invalid-headers", "Invalid headers", 400, ParameterErrors.Detail(errors))
    {
        Errors = ParameterErrors.Bounded(errors),
    };

    /// <summary>A body that can't be appended. 400.</summary>
    public static Problem InvalidBody(string detail) => BodyProblems.Invalid(detail);

    /// <summary>The body is encoded. 415.</summary>
    public static Problem EncodedBody { get; } = BodyProblems.Encoded(
        "Content-Encoding must be identity, or be left out: a body is stored as it comes. Send it uncompressed.");

    /// <summary>There is no stream at the path. 404.</summary>
    public static Problem NoStream { get; } = Problem.NotFound(
        "There is no stream here: it was never created, or was deleted, or has expired. PUT creates it.");

    /// <summary>The stream is deleted, but others were forked off it. 410.</summary>
    public static Problem Gone { get; } = new(
        "urn:chunkstream:stream-gone", "Stream gone", 410,
        "The stream is deleted. Streams that were forked off it still need its data, and its path stays taken "
        + "until they are deleted, too.");

    /// <summary>Reading without a key is not allowed. 403.</summary>
    public static Problem NotPublic { get; } = new(
        "urn:chunkstream:not-public", "Not public", 403,
        "Not everyone can read streams here: the setting ChunkStream:Streams:PublicReading allows it. A user gives an "
        + "access token, in the header Authorization after 'Bearer '; with a key, /streams/ has them.");

    /// <summary>The body is larger than one append may be. 413.</summary>
    public static Problem BodyTooLarge(int maxBytes) => BodyProblems.TooLarge(
        string.Create(CultureInfo.InvariantCulture,
            $"One append may have at most {maxBytes} bytes: append in several requests."));

    /// <summary>The body does not come. 408.</summary>
    public static Problem BodyTooSlow { get; } = BodyProblems.TooSlow(
        "The body did not come in the time that it may take, and nothing of it was stored: send it again, in "
        + "smaller parts if the line is slow.");

    /// <summary>The body has more messages than one append may have. 413.</summary>
    public static Problem TooManyMessages(int maxMessages) => new(
        "urn:chunkstream:too-many-messages", "Too many messages", 413,
        string.Create(CultureInfo.InvariantCulture,
            $"One append may have at most {maxMessages} messages: append in several requests."));

    /// <summary>The stream would become larger than a stream may be. 413.</summary>
    public static Problem StreamFull { get; } = new(
        "urn:chunkstream:stream-full", "Stream full", 413,
        "The stream has reached the size that a stream may have: go on in another one.");

    /// <summary>There is a stream already, and not as it was asked for. 409.</summary>
    public static Problem StreamExists { get; } = new(
        "urn:chunkstream:stream-exists", "Stream exists", 409,
        "There is a stream here already, with another content type, time to live, closure or fork point.");

    /// <summary>The path is taken by a deleted stream. 409.</summary>
    public static Problem PathTaken { get; } = new(
        "urn:chunkstream:stream-exists", "Stream exists", 409,
        "A deleted stream that others were forked off has this path until they are deleted, too.");

    /// <summary>There is no stream to fork. 404.</summary>
    public static Problem NoSource { get; } = Problem.NotFound(
        "There is no stream at the path that Stream-Forked-From names.");

    /// <summary>The stream to fork is deleted. 409.</summary>
    public static Problem SourceGone { get; } = new(
        "urn:chunkstream:stream-gone", "Stream gone", 409,
        "The stream that Stream-Forked-From names is deleted, and kept only for the forks that it has.");

    /// <summary>The stream is a recording. 409.</summary>
    public static Problem StreamRecorded { get; } = new(
        "urn:chunkstream:stream-recorded", "Stream recorded", 409,
        "The stream is a recording: only what records it may append to it, or close it. A fork of it is a stream of "
        + "one's own, with all that it has.");

    /// <summary>The content type is not the stream's. 409.</summary>
    public static Problem ContentTypeDiffers(string detail) => new(
        "urn:chunkstream:content-type-differs", "Content type differs", 409, detail);

    /// <summary>The stream is closed. 409.</summary>
    public static Problem Closed { get; } = new(
        "urn:chunkstream:stream-closed", "Stream closed", 409,
            "The stream is closed: nothing can be appended any more.");

    /// <summary>Stream-Seq does not follow the last one. 409.</summary>
    public static Problem SequenceRegression { get; } = new(
        "urn:chunkstream:sequence-regression", "Sequence regression", 409,
        "Stream-Seq must sort after the stream's last one, byte by byte: another writer was here, or this was "
        + "appended before.");

    /// <summary>The producer's appends have a gap. 409.</summary>
    public static Problem ProducerGap(long expected, long received) => new(
        "urn:chunkstream:producer-gap", "Producer gap", 409,
        string.Create(CultureInfo.InvariantCulture,
            $"Producer-Seq must be {expected}, but is {received}: appends before this one are missing."));

    /// <summary>The producer has a later session. 403.</summary>
    public static Problem StaleProducer(long epoch) => new(
        "urn:chunkstream:stale-producer", "Stale producer", 403,
        string.Create(CultureInfo.InvariantCulture,
            $"The producer has a later session, with Producer-Epoch {epoch}: this one may not append any more."));

    /// <summary>Bytes beyond the stream's end are asked for. 400.</summary>
    public static Problem OffsetBeyondTail { get; } = Problem.InvalidParameters(
    [
        new ParameterError("offset",
            "'offset' lies beyond the stream's end: it is one of another stream, maybe of one that was deleted and "
            + "created anew. Start with -1."),
    ]);

    /// <summary>As many readers follow streams as may. 503.</summary>
    public static Problem TooManyReaders { get; } = new(
        "urn:chunkstream:too-many-readers", "Too many readers", 503,
        "This instance has reached its limit of live readers. What is stored already can be read without waiting.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>There is no memory left for what is to be stored. 503.</summary>
    /// <param name="detail">Which limit was reached: a sentence.</param>
    public static Problem TooManyAppends(string detail) => new(
        "urn:chunkstream:too-many-appends", "Too many appends", 503, detail)
    {
        RetryAfterSeconds = 2,
    };

    /// <summary>The capability of a URL does not hold. 401.</summary>
    /// <param name="detail">Why not, without anything of it: a sentence.</param>
    public static Problem InvalidCapability(string detail) => new(
        "urn:chunkstream:invalid-capability", "Invalid capability", 401, detail)
    {
        Challenge = "Bearer error=\"invalid_token\"",
    };

    /// <summary>There are no capability URLs here. 404.</summary>
    /// <param name="detail">What turns them on: words that go on after a colon.</param>
    public static Problem CapabilitiesOff(string detail)
        => Problem.NotFound($"There are no capability URLs here: {detail}.");

    /// <summary>Recording without a key is not allowed. 403.</summary>
    public static Problem RecordingNotPublic { get; } = new(
        "urn:chunkstream:recording-not-public", "Recording not public", 403,
        "Not everyone can record here: the setting ChunkStream:Streams:PublicRecording allows it. A user gives an "
        + "access token, in the header Authorization after 'Bearer '; others leave out 'record'.");

    /// <summary>There is no such recording to resume. 404.</summary>
    public static Problem NoRecording { get; } = Problem.NotFound(
        "There is no recording to go on in: it was deleted, or has expired. Without 'resume' and Last-Event-ID a "
        + "new one is made.");

    /// <summary>There is no such recording, and the user may not make it. 404.</summary>
    public static Problem NoRecordingToRead { get; } = Problem.NotFound(
        "There is no such recording: it was never made, or was deleted, or has expired. To make it needs create and "
        + "append by the policy of the server.");

    /// <summary>The recording is deleted while it is read. 404.</summary>
    public static Problem RecordingDeleted { get; } = Problem.NotFound(
        "The recording was deleted, or has expired, before it was complete.");

    /// <summary>There is a recording of something else. 409.</summary>
    public static Problem RecordingDiffers { get; } = new(
        "urn:chunkstream:recording-differs", "Recording differs", 409,
        "There is a recording of this name, made with other parameters: give the same, or another name.");

    /// <summary>A run of something else goes on under the name. 409.</summary>
    public static Problem AnotherRun { get; } = new(
        "urn:chunkstream:another-run", "Another run goes on", 409,
        "There is one run at a time here, and one goes on that was begun with something else: wait for its end, or "
        + "stop it.")
    {
        RetryAfterSeconds = 2,
    };

    /// <summary>The path is taken by a stream that is no recording. 409.</summary>
    public static Problem RecordingTaken { get; } = new(
        "urn:chunkstream:stream-exists", "Stream exists", 409,
        "There is, or was, a stream of this name that is no recording: take another name.");

    /// <summary>As many recordings run as may. 503.</summary>
    public static Problem TooManyRecordings { get; } = new(
        "urn:chunkstream:too-many-recordings", "Too many recordings", 503,
        "This instance has reached its limit of running recordings. What is recorded already can be read.")
    {
        RetryAfterSeconds = 5,
    };

    /// <summary>As many recordings without a key are being begun as may be at once. 503.</summary>
    public static Problem TooManyRecordingsAtOnce { get; } = TooManyRecordings with
    {
        Detail = "This instance has reached its limit of recordings without a key that are being begun. "
            + "What is recorded already can be read.",
        RetryAfterSeconds = 2,
    };

    /// <summary>There are as many recordings as an endpoint without a key may have. 503.</summary>
    public static Problem RecordingQuotaReached(int recordings) => new(
        "urn:chunkstream:too-many-recordings", "Too many recordings", 503,
        string.Create(CultureInfo.InvariantCulture,
            $"There are {recordings} recordings here, as many as may be made without a key "
            + $"(ChunkStream:Streams:PublicRecordings). ")
        + "What is recorded already can be read; they go when nobody has read them for a while.")
    {
        RetryAfterSeconds = 60,
    };

    /// <summary>The recording has become larger than one that needs no key may be. 413.</summary>
    public static Problem RecordingTooLarge(long bytes) => new(
        "urn:chunkstream:recording-too-large", "Recording too large", 413,
        string.Create(CultureInfo.InvariantCulture,
            $"A recording without a key may have {bytes} bytes (ChunkStream:Streams:PublicRecordingBytes): it ends "
            + $"here, and is not complete."));

    /// <summary>A recording that has no end, and never will. 410.</summary>
    /// <param name="reason">Why: a sentence.</param>
    public static Problem RecordingIncomplete(string reason) => new(
        "urn:chunkstream:recording-incomplete", "Recording incomplete", 410,
        $"This is all that was recorded, but not all that there should be: {reason} Another name makes another "
        + $"recording.");

    /// <summary>The recording has reached the size of a stream. 413.</summary>
    public static Problem RecordingFull { get; } = StreamFull with
    {
        Detail = "The recording has reached the size that a stream may have, and is not complete.",
    };

    /// <summary>Another writer has appended to the recording's stream. 410.</summary>
    public static Problem RecordingMixed { get; } = RecordingIncomplete(
        "somebody else has appended to its stream.");

    /// <summary>The place to resume at lies beyond the end. 400.</summary>
    public static Problem BeyondRecording { get; } = Problem.InvalidResumeToken(
        "The recording ends before this place: it is one of another recording, maybe of one that was deleted and "
        + "made anew.");
}
