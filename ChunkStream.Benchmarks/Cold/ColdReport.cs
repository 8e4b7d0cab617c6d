using ChunkStream.Benchmarks.E2e.Report;
using static ChunkStream.Benchmarks.E2e.Report.ReportText;

namespace ChunkStream.Benchmarks.Cold;

/// <summary>The results as a Markdown file.</summary>
internal static class ColdReport
{
    private const string HowToRead =
        """
        Each start is a new worker process behind the tests' own small host, which stands for the Azure Functions host
        on the same machine: what that one does before it starts a worker is not in the figures. Medians over the
        rounds, in which the apps take turns; "more" and × are medians of each round's own difference and ratio to the
        empty app. Ready: the host has the worker's word that all functions are loaded. CPU: the worker's process, until
        the first byte. Compiled: how many methods the runtime had to compile until then, counted in a start of its own.
        """;

    /// <summary>The whole file.</summary>
    public static string Create(
        IEnumerable<ColdGroup> groups, IEnumerable<string> machine, ColdSettings settings, TimeProvider time)
    {
        var title = $"Cold start, {settings.Rounds} rounds";
        var text = new ReportText(title, settings.CommandLine, machine, HowToRead, time);
        foreach (var group in groups)
            Append(text, group);
        return text.ToString();
    }

    private static void Append(ReportText text, ColdGroup group)
    {
        text.Line($"\n## `{group.Path}`\n\nGoal: {group.Goal}\n");
        text.Line($"| | ready s | first byte s | more s | CPU s | × | compiled | folder MB |");
        text.Line($"|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var app in group.Apps)
        {
            text.Row(
                app.What,
                Number(group.Median(app, start => start.Ready.TotalSeconds), "0.000"),
                Number(group.Median(app, FirstByte), "0.000"),
                Number(group.Compared(app, FirstByte, (one, empty) => one - empty), "0.000"),
                Number(group.Median(app, Cpu), "0.00"),
                Number(group.Compared(app, Cpu, (one, empty) => one / empty), "0.00"),
                Number(group.Methods(app), "0"),
                Number(app.Bytes / 1e6, "0.0"));
        }
    }

    private static double? FirstByte(ColdStart start) => start.FirstByte.TotalSeconds;

    private static double? Cpu(ColdStart start) => start.Cpu?.TotalSeconds;
}
