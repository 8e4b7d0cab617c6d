using System.Globalization;
using ChunkStream.Problems;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Streaming;

/// <summary>
/// All log events of the engine. An operator reads one line for each stream: its outcome, and what it did.
/// </summary>
internal sealed partial class StreamLog(ILogger logger)
{
    /// <summary>Logs that a stream has ended.</summary>
    public void StreamEnded(StreamReport report, Exception? failure)
    {
        // A client that leaves is not an error, and neither is the cancellation that this causes.
        var level = report.Outcome switch
        {
            StreamOutcome.Completed or StreamOutcome.Continued or StreamOutcome.ClientLeft => LogLevel.Information,
            StreamOutcome.DeadlineReached or StreamOutcome.Stopped => LogLevel.Warning,
            StreamOutcome.Refused => report.Problem is { Status: < 500 } ? LogLevel.Information : LogLevel.Warning,
            _ => LogLevel.Error,
        };

        // The problem that the client was told is logged in brackets, with its cause, unless the request itself was at
        // fault.
        var isAtFault = report.Outcome is StreamOutcome.Refused && level is LogLevel.Information;
        var (cause, unexpected) = report.Problem is null || isAtFault
            ? ("", null)
            : Cause.ForLog(failure, isExpected: report.Problem != Problem.Internal);
        var firstByte = report.FirstByte is { } first
            ? string.Create(CultureInfo.InvariantCulture, $"first byte after {first.TotalMilliseconds:F0} ms")
            : "no first byte";
        var continuations = Describe(report.Continuations);
        StreamEnded(
            level,
            unexpected,
            report.Stream,
            report.Outcome,
            report.Problem is { } problem ? $" ({problem.Slug}{cause})" : "",
            report.Format,
            report.Records,
            report.Bytes,
            report.Duration.TotalMilliseconds,
            firstByte,
            report.Stalled.TotalMilliseconds,
            continuations);
    }

    [LoggerMessage(EventId = 1, EventName = "StreamEnded", Message =
        "Stream {Stream} ended: {Outcome}{Reason} as {Format}, {Records} records, {Bytes} bytes in {DurationMs:F0} ms "
        + "({FirstByte}, {StallMs:F0} ms waiting for the reader{Continuations})")]
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
        double stallMs,
        string continuations);

    private static string Describe(StreamContinuations continuations)
    {
        var (isResumed, forReaders, afterFailures, failure) = continuations;
        var text = isResumed ? "; resumed by its client" : "";
        if (forReaders > 0)
        {
            text += string.Create(
                CultureInfo.InvariantCulture, $"; given up for slow or waiting readers and continued: {forReaders}");
        }

        if (afterFailures > 0)
        {
            text += string.Create(
                CultureInfo.InvariantCulture,
                $"; continued after failures: {afterFailures}, the last{Cause.Describe(failure)}");
        }

        return text;
    }

    /// <summary>Logs that a source failed, or took too long, while it gave back what it held.</summary>
    public void SourceNotReleased(string stream, Exception failure)
    {
        var (cause, unexpected) = Cause.ForLog(failure, isExpected: failure is TimeoutException);
        SourceNotReleased(stream, cause, unexpected);
    }

    [LoggerMessage(EventId = 2, EventName = "SourceNotReleased", Level = LogLevel.Warning,
        Message = "The source of stream {Stream} failed, or took too long, while it was released{Cause}")]
    private partial void SourceNotReleased(string stream, string cause, Exception? failure);
}
