using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>A recording to find or to create.</summary>
/// <param name="Path">The stream's path: checked before.</param>
/// <param name="ContentType">The stream's.</param>
/// <param name="IsJson">Whether that is JSON's.</param>
/// <param name="Recorder">Who would record.</param>
/// <param name="Subject">What is recorded: another subject is another recording.</param>
/// <param name="KeepSeconds">How long it is kept unread.</param>
/// <param name="RecorderSeconds">For how long its recorder is believed alive.</param>
/// <param name="MayCreate">Whether it may be created.</param>
internal sealed record BeginRecording(
    string Path,
    string ContentType,
    bool IsJson,
    Guid Recorder,
    string Subject,
    long KeepSeconds,
    double RecorderSeconds,
    bool MayCreate);

/// <summary>What became of it.</summary>
internal enum BeginStatus
{
    /// <summary>It is new, and the caller's to record.</summary>
    Created,

    /// <summary>It was there.</summary>
    Exists,

    /// <summary>There is a recording of something else.</summary>
    Differs,

    /// <summary>There is a stream that is no recording.</summary>
    Taken,

    /// <summary>A deleted stream that still has forks is there.</summary>
    Gone,

    /// <summary>There is none, and none may be created.</summary>
    Missing,
}

/// <summary>The outcome.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Stream">The recording's stream, if there is one.</param>
/// <param name="Cut">Why the recording has ended before its end, if it has.</param>
internal sealed record BegunRecording(BeginStatus Status, DurableStream? Stream, RecordingCut? Cut);

/// <summary>How far a recording is.</summary>
/// <param name="IsOver">Whether it is deleted or has expired.</param>
/// <param name="Tail">The position after its last unit.</param>
/// <param name="IsComplete">Whether it has all: its stream is closed.</param>
/// <param name="Cut">Why it has ended before its end, if it has.</param>
internal sealed record RecordingState(bool IsOver, long Tail, bool IsComplete, RecordingCut? Cut);

/// <summary>Why a recording has ended before its end.</summary>
internal enum RecordingCut
{
    /// <summary>The generator has failed; or the database has not taken what it gave.</summary>
    Failed,

    /// <summary>Nobody has read it for as long as a recording goes on without readers.</summary>
    LimitReached,

    /// <summary>The recorder's process was told to stop.</summary>
    Stopped,

    /// <summary>The recorder has not been heard of for too long.</summary>
    Abandoned,
}
