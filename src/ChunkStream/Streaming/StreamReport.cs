using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>What became of a stream: the content of its log event and of its metrics.</summary>
/// <param name="Stream">The endpoint's name.</param>
/// <param name="Format">The format's name.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Problem">What the client was told of its failure; null where it did not fail.</param>
/// <param name="Records">Records written.</param>
/// <param name="Bytes">Bytes written, before compression.</param>
/// <param name="Duration">From the request to the end.</param>
/// <param name="FirstByte">From the request to the first flush, or null if there was none.</param>
/// <param name="Stalled">How long of that the server waited for the reader.</param>
/// <param name="Continuations">How often it was continued, as the source tells.</param>
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
    StreamContinuations Continuations = default);
