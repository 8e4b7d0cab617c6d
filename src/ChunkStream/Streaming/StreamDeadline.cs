using ChunkStream.Problems;

namespace ChunkStream.Streaming;

/// <summary>When a stream must end, and what its client is then told.</summary>
/// <param name="After">
/// How long after its beginning; <see cref="Timeout.InfiniteTimeSpan"/> for never, else at most 49 days.
/// </param>
/// <param name="Problem">What a client is told whose stream can't be continued.</param>
internal readonly record struct StreamDeadline(TimeSpan After, Problem Problem)
{
    // What a timer can wait for.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(49);

    /// <summary>The end of the time that a stream may last.</summary>
    public static StreamDeadline FromDuration(TimeSpan duration) => new(duration, Problem.DeadlineReached);

    /// <summary>The end of a caller's access.</summary>
    /// <param name="rest">How long it still lasts; null for no end.</param>
    public static StreamDeadline FromAccess(TimeSpan? rest)
        => new(
            rest is { } time && time < Longest ? Max(time, TimeSpan.Zero) : Timeout.InfiniteTimeSpan,
            Problem.AccessExpired);

    /// <summary>The one that comes first.</summary>
    public StreamDeadline OrEarlier(StreamDeadline other)
        => other.After != Timeout.InfiniteTimeSpan && (After == Timeout.InfiniteTimeSpan || other.After < After)
            ? other
            : this;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
