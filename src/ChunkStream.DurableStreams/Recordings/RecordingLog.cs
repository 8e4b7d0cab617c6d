using ChunkStream.DurableStreams.Store;
using ChunkStream.Problems;
using Microsoft.Extensions.Logging;

namespace ChunkStream.DurableStreams.Recordings;

/// <summary>Every log event of recordings.</summary>
internal sealed partial class RecordingLog(ILogger<RecordingRegistry> logger)
{
    /// <summary>A recording has ended.</summary>
    public void Ended(string path, RecordingCut? cut, long end, TimeSpan duration, Exception? failure)
    {
        var level = cut is null ? LogLevel.Information : cut is RecordingCut.Failed ? LogLevel.Error : LogLevel.Warning;
        var (cause, unexpected) = Cause.ForLog(failure);
        var outcome = cut is { } why ? StatusNames.SnakeCase(why.ToString()) : "complete";
        Ended(level, unexpected, path, outcome, end, duration.TotalMilliseconds, cause);
    }

    [LoggerMessage(EventId = 40, EventName = "RecordingEnded",
        Message = "Recording {Path} ended: {Outcome} at position {End} after {DurationMs:F0} ms{Cause}")]
    private partial void Ended(
        LogLevel level, Exception? exception, string path, string outcome, long end, double durationMs, string cause);

    /// <summary>The database did not take what was recorded. It will be tried again.</summary>
    public void NotStored(string path, Exception failure)
    {
        var (cause, unexpected) = Cause.ForLog(failure);
        NotStored(path, cause, unexpected);
    }

    [LoggerMessage(EventId = 41, EventName = "RecordingNotStored", Level = LogLevel.Warning,
        Message = "What was recorded for {Path} could not be stored, and is tried again{Cause}")]
    private partial void NotStored(string path, string cause, Exception? failure);

    /// <summary>The database can't be told that recordings go on.</summary>
    public void NotRenewed(Exception failure)
    {
        var (cause, unexpected) = Cause.ForLog(failure);
        NotRenewed(cause, unexpected);
    }

    [LoggerMessage(EventId = 42, EventName = "RecordingsNotRenewed", Level = LogLevel.Warning,
        Message = "The database could not be told that recordings go on{Cause}")]
    private partial void NotRenewed(string cause, Exception? failure);

    /// <summary>A generator does not end, or failed while it ended.</summary>
    [LoggerMessage(EventId = 43, EventName = "GeneratorNotReleased", Level = LogLevel.Warning,
        Message = "The generator that was recorded for {Path} failed, or took too long, while it was released")]
    public partial void NotReleased(string path, Exception failure);

    /// <summary>The app's description of a failure failed itself.</summary>
    [LoggerMessage(EventId = 44, EventName = "FailureNotDescribed", Level = LogLevel.Error,
        Message =
            "DescribeFailure of the generator that was recorded for {Path} failed itself; readers are told of an "
            + "internal error")]
    public partial void NotDescribed(string path, Exception failure);
}
