using ChunkStream.Benchmarks.E2e.Report;
using static ChunkStream.Benchmarks.E2e.Report.ReportText;

namespace ChunkStream.Benchmarks.LiveLog;

/// <summary>The results as a Markdown file.</summary>
internal static class LiveLogReport
{
    private const string HowToRead =
        """
        One connection writes, a transaction at a time, to three tables that are alike: with two indexes, and 100,000
        rows at the beginning. They take turns within each round. pgbench's transaction has five statements, each sent
        by itself, of which one writes to the table. Milliseconds are medians of a transaction over the rounds; "more"
        is the median of each round's own ratio to the table that is not watched. CPU is what the server's process of
        the connection used, which other load on the machine hardly changes.
        """;

    /// <summary>The whole file.</summary>
    public static string Create(
        IEnumerable<WriteCase> cases, IEnumerable<string> machine, LiveLogSettings settings, TimeProvider time)
    {
        var title = $"What the change log costs writers, {settings.Rounds} rounds";
        var text = new ReportText(title, settings.CommandLine, machine, HowToRead, time);
        foreach (var one in cases)
        {
            var wait = one.IsDurable ? "synchronous_commit on" : "synchronous_commit off";
            text.Line($"\n## A transaction in which {one.What}, {wait}\n");
            if (one.IsDurable)
                text.Line($"Goal: at most 15 % more\n");
            text.Line($"| the table is | ms | more | CPU ms | more |");
            text.Line($"|---|---:|---:|---:|---:|");
            var plain = one.Times(LiveLogRun.Tables[0].Name);
            foreach (var (name, what) in LiveLogRun.Tables)
            {
                var times = one.Times(name);
                text.Row(
                    what,
                    Number(1000 * Medians.Of(times.Select(time => (double?)time.Wall)), "0.000"),
                    More(times.Zip(plain, (here, there) => (double?)(here.Wall / there.Wall))),
                    Number(1000 * Medians.Of(times.Select(time => time.Cpu)), "0.000"),
                    More(times.Zip(plain, (here, there) => here.Cpu / there.Cpu)));
            }
        }

        return text.ToString();
    }

    private static string More(IEnumerable<double?> ratios) => Number(100 * (Medians.Of(ratios) - 1), "0.0' %'");
}
