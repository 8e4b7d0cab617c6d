using System.Globalization;
using System.Text;

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
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Cold start, {time.GetUtcNow():yyyy-MM-dd}\n\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"Made by `dotnet run -c Release --project ChunkStream.Benchmarks -- {settings.CommandLine}`, "
            + $"{settings.Rounds} rounds\n\n");
        foreach (var line in machine)
            text.Append(CultureInfo.InvariantCulture, $"- {line}\n");
        text.Append(CultureInfo.InvariantCulture, $"\n{HowToRead}");
        foreach (var group in groups)
            Append(text, group);
        return text.ToString();
    }

    private static void Append(StringBuilder text, ColdGroup group)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## `{group.Path}`\n\nGoal: {group.Goal}\n\n");
        text.Append("| | ready s | first byte s | more s | CPU s | × | compiled | folder MB |\n");
        text.Append("|---|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (var app in group.Apps)
        {
            var ready = group.Median(app, start => start.Ready.TotalSeconds);
            var first = group.Median(app, FirstByte);
            var more = group.Compared(app, FirstByte, (one, empty) => one - empty);
            var cpu = group.Median(app, Cpu);
            var times = group.Compared(app, Cpu, (one, empty) => one / empty);
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {app.What} | {ready:0.000} | {first:0.000} | {more:0.000} | {cpu:0.00} | {times:0.00} "
                + $"| {group.Methods(app)} | {app.Bytes / 1e6:0.0} |\n");
        }
    }

    private static double? FirstByte(ColdStart start) => start.FirstByte.TotalSeconds;

    private static double? Cpu(ColdStart start) => start.Cpu?.TotalSeconds;
}
