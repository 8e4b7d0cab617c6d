using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Report;
using static ChunkStream.Benchmarks.E2e.Report.ReportText;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>The results as a Markdown file.</summary>
internal static class FleetReport
{
    private const string HowToRead =
        """
        Three instances of the local host, each a process of its own, are behind nginx with the configuration of
        `deploy/nginx`, over one Postgres. One after another is replaced: a new one is started, nginx is reloaded, and
        the old one gets SIGTERM. Rows come ten a second in each stream, and each writer appends ten messages a second.
        Every client checks that its numbers come once and in order; what was acknowledged is read again at the end.
        A *gap* is the longest time that a client was without news while an old instance was stopping; undisturbed it is
        that of the pace. A *move* is an end after which a client goes on as it was told to, with another request. An
        *error* is anything else: a cut, or a status that is no success. Each request has a connection of its own to
        nginx.
        """;

    /// <summary>The whole file.</summary>
    /// <param name="clients">The clients, which have ended.</param>
    /// <param name="phases">What happened when.</param>
    /// <param name="machine">What it was measured on.</param>
    /// <param name="commandLine">What was typed.</param>
    /// <param name="time">Gives the date.</param>
    public static string Create(
        IReadOnlyList<FleetClient> clients,
        IReadOnlyList<FleetPhase> phases,
        IEnumerable<string> machine,
        string commandLine,
        TimeProvider time)
    {
        var text = new ReportText("Replacing instances", commandLine, machine, HowToRead, time);
        foreach (var phase in phases)
            Append(text, phase, clients);

        var errors = clients.SelectMany(client => client.Errors.Select(error => $"{client.What}: {error.What}"));
        foreach (var kind in errors.CountBy(error => error))
            text.Line($"\n- {kind.Value} × {kind.Key}");
        return text.ToString();
    }

    private static void Append(ReportText text, FleetPhase phase, IReadOnlyList<FleetClient> clients)
    {
        text.Line($"\n## {phase.Title}\n");
        text.Line($"| clients | | received | moves | errors | gap ms: median | 99 % | longest |");
        text.Line($"|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var kind in clients.GroupBy(client => client.What))
        {
            TimeSpan[] gaps = [.. phase.Gaps(kind)];
            var gap = Latency.Of(gaps);
            var received = kind.Sum(client => phase.Count(client.Arrivals));
            var moves = kind.Sum(client => phase.Count(client.Moves));
            var errors = kind.Sum(client => phase.Count(client.Errors.Select(error => error.At)));
            text.Row(
                kind.Key,
                Number(kind.Count(), "0"),
                Number(received, "N0"),
                Number(moves, "0"),
                Number(errors, "0"),
                Number(gap.Median, "0"),
                Number(gap.Percentile99, "0"),
                Number(gaps.Max().TotalMilliseconds, "0"));
        }
    }
}
