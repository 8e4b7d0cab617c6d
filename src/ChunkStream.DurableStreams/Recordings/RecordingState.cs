using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>What became of a recording that was to be found or created.</summary>
internal enum BeginStatus
{
    /// <summary>It is new, and the caller has to record it.</summary>
    Created,

    /// <summary>It was there.</summary>
    Exists,

    /// <summary>There is a recording of something else.</summary>
    Differs,

    /// <summary>The path belongs to a stream that is not a recording.</summary>
    Taken,

    /// <summary>The path belongs to a deleted stream that still has forks.</summary>
    Gone,

    /// <summary>There is no such recording, and none may be created.</summary>
    Missing,
}

/// <summary>A recording that was to be found or created.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Stream">The recording's stream, if there is one.</param>
/// <param name="Cut">Why the recording has ended before its end, if it has.</param>
/// <param name="Path">The path of a run's stream; null for a recording that is no run.</param>
internal sealed record BegunRecording(
    BeginStatus Status, DurableStream? Stream, RecordingCut? Cut, string? Path = null);

/// <summary>How far a recording is.</summary>
/// <param name="IsOver">Whether it is deleted or has expired.</param>
/// <param name="Tail">The position after its last byte or message.</param>
/// <param name="IsComplete">Whether it has all: its stream is closed.</param>
/// <param name="Cut">Why it has ended before its end, if it has.</param>
internal sealed record RecordingState(bool IsOver, long Tail, bool IsComplete, RecordingCut? Cut);

/// <summary>What became of a recording of which its process said that it still runs.</summary>
/// <param name="Id">The stream's number.</param>
/// <param name="IsOver">Whether it is deleted or has expired.</param>
/// <param name="UnreadSeconds">How long ago a reader of another process was last seen, if there was one.</param>
internal readonly record struct RenewedRecording(long Id, bool IsOver, double? UnreadSeconds);

/// <summary>A recording that is to end.</summary>
/// <param name="Id">The stream's number.</param>
/// <param name="IsReplaced">
/// Whether a later run goes on in its place; otherwise somebody has asked for its end.
/// </param>
internal readonly record struct RecordingStop(long Id, bool IsReplaced);

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

/// <summary>Thrown to a reader that has all of a recording which has ended before its end.</summary>
/// <param name="cut">Why it has ended.</param>
/// <param name="problem">What the reader is told.</param>
/// <param name="cause">The failure behind it, if it is known here.</param>
internal sealed class RecordingCutException(RecordingCut cut, Problem problem, Exception? cause = null)
    : ProblemException(problem, cause)
{
    /// <summary>Why it has ended.</summary>
    public RecordingCut Cut => cut;
}

/// <summary>What readers are told of a recording that has ended before its end.</summary>
internal static class RecordingCuts
{
    /// <summary>The problem. 410.</summary>
    public static Problem Describe(this RecordingCut cut) => DurableProblems.RecordingIncomplete(cut switch
    {
        RecordingCut.Failed => "what was being recorded has failed.",
        RecordingCut.LimitReached => "nobody read it for as long as a recording goes on without readers.",
        RecordingCut.Stopped => "the process that recorded it was stopped.",
        RecordingCut.Abandoned => "the process that recorded it is gone.",
        _ => throw new ArgumentOutOfRangeException(nameof(cut), cut, "No such cut."),
    });
}
