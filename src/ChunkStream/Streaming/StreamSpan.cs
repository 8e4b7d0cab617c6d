using System.Diagnostics;
using System.Reflection;

namespace ChunkStream.Streaming;

/// <summary>
/// The span of one stream, from the request to the last byte. There is none where nobody listens to the activity source
/// <see cref="ChunkStreamTelemetry.ActivitySourceName"/>.
/// </summary>
/// <remarks>
/// It is a part of the server's own span, so its kind is internal. What happens once a record or once a flush is no
/// event of it: the number of events is bounded, however long the stream is.
/// </remarks>
internal sealed class StreamSpan : IDisposable
{
    /// <summary>A reader that takes nothing for so long is worth an event.</summary>
    public static readonly TimeSpan LongStall = TimeSpan.FromSeconds(1);

    /// <summary>How many events a span has at most: less than the 128 that OpenTelemetry keeps by default.</summary>
    public const int MostEvents = 100;

    private static readonly ActivitySource Source = new(
        ChunkStreamTelemetry.ActivitySourceName,
        typeof(StreamSpan).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion);

    private readonly Activity _activity;
    private readonly TimeProvider _time;
    private readonly long _started;
    private int _events;

    private StreamSpan(Activity activity, ActivityContext? origin, TimeProvider time)
    {
        (_activity, _time, _started) = (activity, time, time.GetTimestamp());
        Origin = origin ?? (activity.Recorded ? activity.Context : null);
    }

    /// <summary>
    /// The span with which the logical stream began: that of an earlier request, if this one resumes its stream; null
    /// if neither is recorded.
    /// </summary>
    public ActivityContext? Origin { get; }

    /// <summary>Starts the span of a stream; null where nobody wants it.</summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="format">The format's name.</param>
    /// <param name="origin">The span of the stream that this one resumes; null for none.</param>
    /// <param name="time">Measures when events happen.</param>
    public static StreamSpan? Start(string stream, string format, ActivityContext? origin, TimeProvider time)
    {
        if (!Source.HasListeners())
            return null;

        var activity = Source.StartActivity(
            $"stream {stream}",
            ActivityKind.Internal,
            parentContext: default,
            tags: [new(StreamTags.Stream, stream), new(StreamTags.Format, format)],
            links: origin is { } first ? [new ActivityLink(first)] : null);
        return activity is null ? null : new StreamSpan(activity, origin, time);
    }

    /// <summary>The reader took nothing for a long while, and takes more now, or is gone.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="records">How many records were written.</param>
    public void Stalled(TimeSpan duration, long records)
    {
        if (IsOpen)
        {
            AddEvent(
                "chunkstream.stall",
                Now - duration,
                new() { { StreamTags.Stall, duration.TotalSeconds }, { StreamTags.Records, records } });
        }
    }

    /// <summary>
    /// The source gave back its connection, because its reader took nothing, or because others waited for one.
    /// </summary>
    /// <param name="records">After how many records.</param>
    public void ConnectionReturned(long records)
    {
        if (IsOpen)
            AddEvent("chunkstream.connection.returned", Now, new() { { StreamTags.Records, records } });
    }

    /// <summary>The source goes on from a place in the middle.</summary>
    /// <param name="reason"><c>client</c>, <c>reader</c> or <c>failure</c>, as in the metrics.</param>
    /// <param name="records">After how many records.</param>
    /// <param name="failureType">What had failed: a SQLSTATE, or a type; null for nothing.</param>
    public void Continued(string reason, long records, string? failureType = null)
    {
        if (!IsOpen)
            return;
        var tags = new ActivityTagsCollection { { StreamTags.Reason, reason }, { StreamTags.Records, records } };
        if (failureType is not null)
            tags.Add(StreamTags.ErrorType, failureType);
        AddEvent("chunkstream.continued", Now, tags);
    }

    /// <summary>Ends the span with what became of the stream.</summary>
    public void End(StreamReport report)
    {
        if (_activity.IsAllDataRequested)
            Describe(report);
        _activity.Stop();
    }

    /// <inheritdoc />
    public void Dispose() => _activity.Dispose();

    private bool IsOpen => _activity.IsAllDataRequested && _events < MostEvents;

    private TimeSpan Now => _time.GetElapsedTime(_started);

    private void AddEvent(string name, TimeSpan sinceStart, ActivityTagsCollection tags)
    {
        _events++;
        _activity.AddEvent(new ActivityEvent(name, _activity.StartTimeUtc + sinceStart, tags));
    }

    private void Describe(StreamReport report)
    {
        if (report.FirstByte is { } firstByte)
            _activity.AddEvent(new ActivityEvent("chunkstream.first_byte", _activity.StartTimeUtc + firstByte));
        _activity.SetTag(StreamTags.Outcome, report.Outcome.ToString());
        _activity.SetTag(StreamTags.Records, report.Records);
        _activity.SetTag(StreamTags.Bytes, report.Bytes);
        _activity.SetTag(StreamTags.Stall, report.Stalled.TotalSeconds);
        var (_, forReaders, afterFailures, _) = report.Continuations;
        if (forReaders + afterFailures > 0)
            _activity.SetTag(StreamTags.Continuations, forReaders + afterFailures);

        // The problem's kind alone: what it says may quote the request, and is in the log.
        if ((report.Problem?.Slug ?? report.ErrorType) is { } problem)
            _activity.SetTag(StreamTags.ErrorType, problem);
        if (report.IsError)
            _activity.SetStatus(ActivityStatusCode.Error, report.ErrorType);
    }
}
