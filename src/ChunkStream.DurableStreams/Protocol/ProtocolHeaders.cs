using ChunkStream.Http;

namespace ChunkStream.DurableStreams.Protocol;

/// <summary>The protocol's headers.</summary>
internal static class ProtocolHeaders
{
    public const string NextOffset = "Stream-Next-Offset";
    public const string UpToDate = "Stream-Up-To-Date";
    public const string Closed = "Stream-Closed";
    public const string Cursor = "Stream-Cursor";
    public const string Ttl = "Stream-TTL";
    public const string ExpiresAt = "Stream-Expires-At";
    public const string Sequence = "Stream-Seq";
    public const string SseDataEncoding = "Stream-SSE-Data-Encoding";
    public const string ForkedFrom = "Stream-Forked-From";
    public const string ForkOffset = "Stream-Fork-Offset";
    public const string ForkSubOffset = "Stream-Fork-Sub-Offset";
    public const string ProducerId = "Producer-Id";
    public const string ProducerEpoch = "Producer-Epoch";
    public const string ProducerSequence = "Producer-Seq";
    public const string ProducerExpectedSequence = "Producer-Expected-Seq";
    public const string ProducerReceivedSequence = "Producer-Received-Seq";

    /// <summary>The value of those headers that say yes.</summary>
    public const string True = "true";

    /// <summary>The response headers that a page of another origin may read.</summary>
    public static IReadOnlyList<string> OfResponses { get; } =
    [
        NextOffset, UpToDate, Closed, Cursor, Ttl, ExpiresAt, SseDataEncoding,
        ProducerEpoch, ProducerSequence, ProducerExpectedSequence, ProducerReceivedSequence,
        "ETag", "Location",
    ];

    /// <summary>The same, and the headers that any of our responses may have.</summary>
    public static IReadOnlyList<string> Exposed { get; } = ["Retry-After", StreamResult.EstimateHeader, .. OfResponses];
}
