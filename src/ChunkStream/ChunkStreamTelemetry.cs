namespace ChunkStream;

/// <summary>The names by which an app listens to what ChunkStream measures and traces.</summary>
/// <remarks>
/// With OpenTelemetry: <c>tracing.AddSource(ChunkStreamTelemetry.ActivitySourceName)</c> and
/// <c>metrics.AddMeter(ChunkStreamTelemetry.MeterName)</c>. Where nobody listens, nothing is made.
/// </remarks>
public static class ChunkStreamTelemetry
{
    /// <summary>The name of the activity source: one span a stream, from the request to the last byte.</summary>
    public const string ActivitySourceName = "ChunkStream";

    /// <summary>The name of the meter of all instruments.</summary>
    public const string MeterName = "ChunkStream";
}
