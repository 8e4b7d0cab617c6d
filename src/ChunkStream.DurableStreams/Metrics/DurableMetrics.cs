using System.Diagnostics.Metrics;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.DurableStreams.Store;

namespace ChunkStream.DurableStreams.Metrics;

/// <summary>
/// What an operator sees of durable streams, beside their responses: what waits, and what is under way. The instruments
/// are read when somebody collects them.
/// </summary>
internal sealed class DurableMetrics
{
    /// <summary>Adds the instruments.</summary>
    public DurableMetrics(IMeterFactory meters, LiveStreams live, AppendRoom appends, RecordingRegistry recordings)
    {
        var meter = meters.Create(ChunkStreamTelemetry.MeterName);
        meter.CreateObservableUpDownCounter(
            "chunkstream.live.readers", () => live.Readers, "{reader}", "Readers that wait for more.");
        meter.CreateObservableUpDownCounter(
            "chunkstream.append.held",
            () => appends.Bytes,
            "By",
            "Bytes of appends, from the first that is received until the database has them.");
        meter.CreateObservableUpDownCounter(
            "chunkstream.recording.active",
            () => recordings.Count,
            "{recording}",
            "Recordings that this process makes.");
    }
}
