using ChunkStream.Benchmarks.E2e.Cases;
using static ChunkStream.Benchmarks.E2e.Report.ReportText;

namespace ChunkStream.Benchmarks.E2e.Report;

/// <summary>The results as a Markdown file, which has only what this run has measured.</summary>
internal static class MarkdownReport
{
    /// <summary>Writes the whole file.</summary>
    public static string Of(
        IEnumerable<ResultTable> tables, IEnumerable<string> machine, BenchmarkPlan plan, TimeProvider time)
    {
        var text = new ReportText(plan.Title, plan.CommandLine, machine, plan.HowToRead, time);
        foreach (var table in tables)
            Append(text, table);
        return text.ToString();
    }

    private static void Append(ReportText text, ResultTable table)
    {
        text.Line($"\n## {table.Group.Title}\n");
        var baselines = table.Baselines;
        var measured = table.Results.Where(result => result.Samples.Count > 0).ToArray();
        if (measured.Length > 0)
            Rows(text, measured, baselines);

        var unmeasured = table.Results.Where(result => result.Failure is not null).ToArray();
        if (unmeasured.Length > 0)
            text.Line($"");
        foreach (var result in unmeasured)
        {
            var why = result.IsMissing ? "Not on this machine" : "**Failed**";
            text.Line($"- {why}: {result.Name}. {result.Failure}");
        }
    }

    // A column that no case has a figure for is left out.
    private static void Rows(ReportText text, IReadOnlyList<CaseResult> results, IReadOnlyList<CaseResult> baselines)
    {
        var columns = Columns(baselines).Where(column => results.Any(result => column.Cell(result) != None)).ToArray();
        text.Row(columns.Select(column => column.Head));
        text.Row(columns.Select((_, index) => index < 2 ? "---" : "---:"));
        foreach (var result in results)
            text.Row(columns.Select(column => column.Cell(result)));
    }

    private static IEnumerable<(string Head, Func<CaseResult, string> Cell)> Columns(
        IReadOnlyList<CaseResult> baselines) =>
    [
        ("case", result => result.Name),
        ("what", result => result.What),
        ("s (least–most)", Seconds),
        .. baselines.Select(baseline => ($"× {baseline.Name}", Cell(result => result.RatioTo(baseline), "0.00"))),
        ("records/s", Median(sample => sample.Records / sample.Wall.TotalSeconds, "N0")),
        ("MB", Median(sample => sample.Bytes / 1e6, "0.0")),
        ("MB/s", Median(sample => sample.Bytes / 1e6 / sample.Wall.TotalSeconds, "0")),
        ("ms since due: median", Median(sample => sample.SinceDue?.Median, "0.0")),
        ("99 %", Median(sample => sample.SinceDue?.Percentile99, "0.0")),
        ("ms since answered: median", Median(sample => sample.SinceAnswered?.Median, "0.0")),
        ("99 %", Median(sample => sample.SinceAnswered?.Percentile99, "0.0")),
        ("ms a request: median", Median(sample => sample.PerRequest?.Median, "0.000")),
        ("99 %", Median(sample => sample.PerRequest?.Percentile99, "0.000")),
        ("database reads", Median(sample => sample.DatabaseReads, "N0")),
        ("CPU s", Median(sample => sample.Cpu?.TotalSeconds, "0.00")),
        ("peak MB", Cell(result => result.PeakBytes / 1e6, "0")),
        ("first byte ms", Median(sample => sample.FirstByte?.TotalMilliseconds, "0.0")),
        ("rounds", Cell(result => result.Samples.Count, "0")),
    ];

    private static Func<CaseResult, string> Median(Func<Sample, double?> figure, string format) =>
        Cell(result => result.Median(figure), format);

    private static Func<CaseResult, string> Cell(Func<CaseResult, double?> figure, string format) =>
        result => Number(figure(result), format);

    private static string Seconds(CaseResult result)
    {
        var walls = result.Samples.Select(sample => sample.Wall.TotalSeconds).ToArray();
        var spread = walls.Length > 1 ? $" ({Number(walls.Min(), "0.00")}–{Number(walls.Max(), "0.00")})" : "";
        return Number(result.Median(sample => sample.Wall.TotalSeconds), "0.00") + spread;
    }
}
