namespace ChunkStream.Streaming;

/// <summary>The names of what spans and measurements are tagged with.</summary>
internal static class StreamTags
{
    /// <summary>The stream's name: that of an endpoint or a query, never a part of a request.</summary>
    public const string Stream = "chunkstream.stream";

    /// <summary>The format's name.</summary>
    public const string Format = "chunkstream.format";

    /// <summary>How the stream ended: a name of <see cref="StreamOutcome"/>.</summary>
    public const string Outcome = "chunkstream.outcome";

    /// <summary>Why a stream was continued: <c>client</c>, <c>reader</c> or <c>failure</c>.</summary>
    public const string Reason = "chunkstream.reason";

    /// <summary>How many records were written; at an event, until then.</summary>
    public const string Records = "chunkstream.records";

    /// <summary>How many bytes were written, before compression.</summary>
    public const string Bytes = "chunkstream.bytes";

    /// <summary>How many seconds a stream waited for its reader; at an event, this time.</summary>
    public const string Stall = "chunkstream.stall";

    /// <summary>How often a stream was continued in its middle, beside its own beginning.</summary>
    public const string Continuations = "chunkstream.continuations";

    /// <summary>The kind of problem, as OpenTelemetry names this tag.</summary>
    public const string ErrorType = "error.type";
}
