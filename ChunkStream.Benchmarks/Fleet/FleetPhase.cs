using System.Diagnostics;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>Some times of a run in which the same happened.</summary>
/// <param name="Title">What happened.</param>
/// <param name="Windows">From when to when: timestamps.</param>
internal sealed record FleetPhase(string Title, IReadOnlyList<(long From, long To)> Windows)
{
    /// <summary>The longest time that each client was without news in each of the windows.</summary>
    public IEnumerable<TimeSpan> Gaps(IEnumerable<FleetClient> clients) =>
        from client in clients
        from window in Windows
        select Gap(client.Arrivals, window);

    /// <summary>How many of these timestamps are in one of the windows.</summary>
    public int Count(IEnumerable<long> moments) =>
        moments.Count(moment => Windows.Any(window => moment >= window.From && moment <= window.To));

    // It may begin before the window, and end after it.
    private static TimeSpan Gap(IReadOnlyList<long> arrivals, (long From, long To) window)
    {
        var longest = TimeSpan.Zero;
        for (var i = 1; i < arrivals.Count; i++)
        {
            if (arrivals[i] < window.From || arrivals[i - 1] > window.To)
                continue;
            var gap = Stopwatch.GetElapsedTime(arrivals[i - 1], arrivals[i]);
            longest = gap > longest ? gap : longest;
        }

        return longest;
    }
}
