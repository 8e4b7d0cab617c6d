using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ChunkStream.Streaming;

/// <summary>
/// The instruments of meter <c>ChunkStream</c> that all streams have, tagged with <c>chunkstream.stream</c>,
/// <c>chunkstream.format</c> and <c>chunkstream.outcome</c>, and with <c>error.type</c> where the server was at fault.
/// They have the figures of the log event <c>StreamEnded</c>.
/// </summary>
internal sealed class StreamMetrics
{
    // By default OpenTelemetry's buckets are made for milliseconds.
    private static readonly InstrumentAdvice<double> Short = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private static readonly InstrumentAdvice<double> Long = new()
    {
        HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600],
    };

    private readonly UpDownCounter<long> _active;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstByte;
    private readonly Histogram<double> _stall;
    private readonly Counter<long> _records;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _continuations;
    private long _open;

    public StreamMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(ChunkStreamTelemetry.MeterName);
        _active = meter.CreateUpDownCounter<long>("chunkstream.stream.active", "{stream}", "Streams that are open.");
        _duration = meter.CreateHistogram(
            "chunkstream.stream.duration", "s", "From the request to the end of the stream.", tags: null, Long);
        _firstByte = meter.CreateHistogram(
            "chunkstream.stream.first_byte", "s", "From the request to the first flush.", tags: null, Short);
        _stall = meter.CreateHistogram(
            "chunkstream.stream.stall",
            "s",
            "How long of its duration a stream waited for its reader.",
            tags: null,
            Long);
        _records = meter.CreateCounter<long>("chunkstream.stream.records", "{record}", "Records written.");
        _bytes = meter.CreateCounter<long>("chunkstream.stream.bytes", "By", "Bytes written, before compression.");
        _continuations = meter.CreateCounter<long>(
            "chunkstream.stream.continuations",
            "{continuation}",
            "How often streams were continued: by their clients, for their readers, or after failures.");
    }

    /// <summary>How many streams are open now.</summary>
    public long Open => Interlocked.Read(ref _open);

    /// <summary>Counts a stream that begins.</summary>
    public void Started(string stream, string format)
    {
        Interlocked.Increment(ref _open);
        _active.Add(1, Tags(stream, format));
    }

    /// <summary>Measures a stream that has ended.</summary>
    public void Ended(StreamReport report)
    {
        Interlocked.Decrement(ref _open);
        _active.Add(-1, Tags(report.Stream, report.Format));
        var tags = Tags(report.Stream, report.Format);
        tags.Add(StreamTags.Outcome, report.Outcome.ToString());
        if (report.ErrorType is { } error)
            tags.Add(StreamTags.ErrorType, error);
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
        tags.Add(StreamTags.Reason, reason);
        _continuations.Add(times, tags);
    }

    private static TagList Tags(string stream, string format)
        => new() { { StreamTags.Stream, stream }, { StreamTags.Format, format } };
}
