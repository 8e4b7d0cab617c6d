using System.Globalization;
using System.Text;

namespace ChunkStream.Benchmarks.E2e.Report;

/// <summary>The results as a Markdown file: nothing in it but what this run has measured.</summary>
internal static class MarkdownReport
{
    private const string None = "–";

    /// <summary>The whole file.</summary>
    public static string Of(
        IEnumerable<ResultTable> tables, IEnumerable<string> machine, E2eSettings settings, TimeProvider time)
    {
        var text = new StringBuilder();
        Line(text, $"# End to end, {time.GetUtcNow():yyyy-MM-dd}");
        Line(text, $"\nMade by `dotnet run -c Release --project ChunkStream.Benchmarks -- {settings.CommandLine}`\n");
        foreach (var line in machine)
            Line(text, $"- {line}");
        Line(text, $"\n{HowToRead}");
        foreach (var table in tables)
            Append(text, table);
        return text.ToString();
    }

    private const string HowToRead =
        """
        Medians over the rounds, whose cases run in turns after one warm-up each; × is the median over the rounds of how
        many times as long a record takes as in the same round of the case named: less is faster. Every contestant is a
        process of its own; CPU and peak memory are that process's (Postgres's are not in it), memory since its start.
        MB are millions of bytes of the body on the wire. The client runs on the same machine, reads a bare socket, and
        counts the records of every stream; first byte is the slowest stream's, from before the connection is opened.
        The slowest peers run two rounds at most, the memory cases one and without a warm-up.
        """;

    private static void Append(StringBuilder text, ResultTable table)
    {
        Line(text, $"\n## {table.Group.Title}\n");
        var baselines = table.Baselines;
        string[] head =
        [
            "case", "what", "s (least–most)", .. baselines.Select(baseline => $"× {baseline.Name}"), "records/s", "MB",
            "MB/s", "CPU s", "peak MB", "first byte ms", "rounds",
        ];
        Row(text, head);
        Row(text, head.Select((_, column) => column < 2 ? "---" : "---:"));
        foreach (var result in table.Results.Where(result => result.Samples.Count > 0))
            Row(text, Cells(result, baselines));

        var unmeasured = table.Results.Where(result => result.Failure is not null).ToArray();
        if (unmeasured.Length > 0)
            Line(text, "");
        foreach (var result in unmeasured)
        {
            var why = result.IsMissing ? "Not on this machine" : "**Failed**";
            Line(text, $"- {why}: {result.Name}. {result.Failure}");
        }
    }

    private static IEnumerable<string> Cells(CaseResult result, IEnumerable<CaseResult> baselines)
    {
        var walls = result.Samples.Select(sample => sample.Wall.TotalSeconds).ToArray();
        var spread = walls.Length > 1 ? $" ({Number(walls.Min(), "0.00")}–{Number(walls.Max(), "0.00")})" : "";
        return
        [
            result.Name,
            result.What,
            Number(result.Median(sample => sample.Wall.TotalSeconds), "0.00") + spread,
            .. baselines.Select(baseline => Number(result.RatioTo(baseline), "0.00")),
            Number(result.Median(sample => sample.Records / sample.Wall.TotalSeconds), "N0"),
            Number(result.Median(sample => sample.Bytes / 1e6), "0.0"),
            Number(result.Median(sample => sample.Bytes / 1e6 / sample.Wall.TotalSeconds), "0"),
            Number(result.Median(sample => sample.Cpu?.TotalSeconds), "0.00"),
            Number(result.PeakBytes / 1e6, "0"),
            Number(result.Median(sample => sample.FirstByte?.TotalMilliseconds), "0.0"),
            Number(result.Samples.Count, "0"),
        ];
    }

    private static string Number(double? value, string format) =>
        value?.ToString(format, CultureInfo.InvariantCulture) ?? None;

    private static void Row(StringBuilder text, IEnumerable<string> cells) =>
        Line(text, $"| {string.Join(" | ", cells)} |");

    // Not AppendLine: the file has the same line breaks on every system.
    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
