using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ChunkStream.Streaming;

/// <summary>
/// The instruments of meter <c>ChunkStream</c>, tagged with <c>chunkstream.stream</c>, <c>chunkstream.format</c> and
/// <c>chunkstream.outcome</c>. They have the figures of the log event <c>StreamEnded</c>, over all streams.
/// </summary>
internal sealed class StreamMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "ChunkStream";

    private readonly UpDownCounter<long> _active;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstByte;
    private readonly Histogram<double> _stall;
    private readonly Counter<long> _records;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _continuations;

    public StreamMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _active = meter.CreateUpDownCounter<long>("chunkstream.stream.active", "{stream}", "Streams that are open.");
        _duration = meter.CreateHistogram<double>(
            "chunkstream.stream.duration", "s", "From the request to the end of the stream.");
        _firstByte = meter.CreateHistogram<double>(
            "chunkstream.stream.first_byte", "s", "From the request to the first flush.");
        _stall = meter.CreateHistogram<double>(
            "chunkstream.stream.stall", "s", "How long of its duration a stream waited for its reader.");
        _records = meter.CreateCounter<long>("chunkstream.stream.records", "{record}", "Records written.");
        _bytes = meter.CreateCounter<long>("chunkstream.stream.bytes", "By", "Bytes written, before compression.");
        _continuations = meter.CreateCounter<long>(
            "chunkstream.stream.continuations",
            "{continuation}",
            "How often streams were continued: by their clients, for their readers, or after failures.");
    }

    /// <summary>Counts a stream that begins.</summary>
    public void Started(string stream, string format) => _active.Add(1, Tags(stream, format));

    /// <summary>Measures a stream that has ended.</summary>
    public void Ended(StreamReport report)
    {
        _active.Add(-1, Tags(report.Stream, report.Format));
        var tags = Tags(report.Stream, report.Format);
        tags.Add("chunkstream.outcome", report.Outcome.ToString());
        _duration.Record(report.Duration.TotalSeconds, tags);
        _stall.Record(report.Stalled.TotalSeconds, tags);
        _records.Add(report.Records, tags);
        _bytes.Add(report.Bytes, tags);
        if (report.FirstByte is { } firstByte)
            _firstByte.Record(firstByte.TotalSeconds, tags);
        Continued(report, report.Continuations.IsResumed ? 1 : 0, "client");
        Continued(report, report.Continuations.ForReaders, "reader");
        Continued(report, report.Continuations.AfterFailures, "failure");
    }

    private void Continued(StreamReport report, int times, string reason)
    {
        if (times == 0)
            return;
        var tags = Tags(report.Stream, report.Format);
        tags.Add("chunkstream.reason", reason);
        _continuations.Add(times, tags);
    }

    private static TagList Tags(string stream, string format)
        => new() { { "chunkstream.stream", stream }, { "chunkstream.format", format } };
}
