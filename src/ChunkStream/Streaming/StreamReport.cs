using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>What became of a stream: the content of its log event and of its metrics.</summary>
/// <param name="Stream">The stream's name.</param>
/// <param name="Format">The format's name.</param>
/// <param name="Outcome">How the stream ended.</param>
/// <param name="Problem">What the client was told of the failure; null if there was none.</param>
/// <param name="Records">How many records were written.</param>
/// <param name="Bytes">How many bytes were written, before compression.</param>
/// <param name="Duration">The time from the request to the end.</param>
/// <param name="FirstByte">The time from the request to the first flush; null if there was none.</param>
/// <param name="Stalled">How long of the duration the server waited for the reader.</param>
/// <param name="Continuations">How often the stream was continued.</param>
internal sealed record StreamReport(
    string Stream,
    string Format,
    StreamOutcome Outcome,
    Problem? Problem,
    long Records,
    long Bytes,
    TimeSpan Duration,
    TimeSpan? FirstByte,
    TimeSpan Stalled,
    StreamContinuations Continuations = default)
{
    /// <summary>
    /// What went wrong by the fault of server or platform, in a word: the kind of problem, else the outcome; null for
    /// nothing.
    /// </summary>
    public string? ErrorType => IsError ? Problem?.Slug ?? Outcome.ToString() : null;

    /// <summary>Whether the stream failed by the fault of server or platform, not of the request.</summary>
    public bool IsError => Outcome switch
    {
        StreamOutcome.Failed or StreamOutcome.DeadlineReached or StreamOutcome.Stopped => true,
        StreamOutcome.Refused => Problem is not { Status: < 500 },
        _ => false,
    };
}
