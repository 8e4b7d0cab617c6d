using System.Globalization;
using ChunkStream.Problems;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Streaming;

/// <summary>Every log event of the engine. An operator reads one line a stream: its outcome, and what it did.</summary>
internal sealed partial class StreamLog(ILogger logger)
{
    /// <summary>A stream has ended.</summary>
    public void StreamEnded(StreamReport report, Exception? failure)
    {
        // Someone who leaves is no error, and the cancellation that it causes is no news.
        var (level, exception) = report.Outcome switch
        {
            StreamOutcome.Completed or StreamOutcome.Continued or StreamOutcome.ClientLeft => (LogLevel.Information, null),
            StreamOutcome.DeadlineReached or StreamOutcome.Stopped => (LogLevel.Warning, null),
            StreamOutcome.Refused when report.Problem is { Status: < 500 } => (LogLevel.Information, null),
            StreamOutcome.Refused when report.Problem == Problem.Internal => (LogLevel.Warning, failure),
            StreamOutcome.Refused => (LogLevel.Warning, null),
            _ => (LogLevel.Error, failure),
        };

        var cause = level is LogLevel.Warning && exception is null ? Cause.Of(failure) : "";
        StreamEnded(
            level,
            exception,
            report.Stream,
            report.Outcome,
            report.Problem is { } problem ? $" ({problem.Type[(problem.Type.LastIndexOf(':') + 1)..]}{cause})" : "",
            report.Format,
            report.Records,
            report.Bytes,
            report.Duration.TotalMilliseconds,
            report.FirstByte is { } first ? string.Create(CultureInfo.InvariantCulture, $"first byte after {first.TotalMilliseconds:F0} ms") : "no first byte",
            report.Stalled.TotalMilliseconds);
    }

    [LoggerMessage(EventId = 1, EventName = "StreamEnded", Message =
        "Stream {Stream} ended: {Outcome}{Reason} as {Format}, {Records} records, {Bytes} bytes in {DurationMs:F0} ms ({FirstByte}, {StallMs:F0} ms waiting for the reader)")]
    private partial void StreamEnded(
        LogLevel level,
        Exception? exception,
        string stream,
        StreamOutcome outcome,
        string reason,
        string format,
        long records,
        long bytes,
        double durationMs,
        string firstByte,
        double stallMs);

    /// <summary>A source failed while it gave back what it held.</summary>
    [LoggerMessage(EventId = 2, EventName = "SourceNotReleased", Level = LogLevel.Warning,
        Message = "The source of stream {Stream} failed, or took too long, while it was released")]
    public partial void SourceNotReleased(string stream, Exception exception);
}
