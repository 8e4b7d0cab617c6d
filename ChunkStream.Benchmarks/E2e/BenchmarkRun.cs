using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.LocalHost;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>One run of a benchmark of cases: everything is started, measured, stopped, and written down.</summary>
internal static class BenchmarkRun
{
    /// <summary>Runs it, and gives the process's exit code.</summary>
    /// <param name="plan">How the benchmark is run.</param>
    /// <param name="databases">The databases that the groups need. They are disposed here.</param>
    /// <param name="all">All groups of cases.</param>
    /// <param name="cancellation">When it is cancelled, the run stops.</param>
    public static Task<int> RunAsync(
        BenchmarkPlan plan, TestDatabases databases, IReadOnlyList<CaseGroup> all, CancellationToken cancellation)
        => ReportedRun.RunAsync(
            plan.Name,
            plan.Output,
            async () =>
            {
                await using (databases)
                    return await MeasureAsync(plan, databases, all, cancellation);
            },
            cancellation);

    private static async Task<(string Report, bool HasFailures)> MeasureAsync(
        BenchmarkPlan plan, TestDatabases databases, IReadOnlyList<CaseGroup> all, CancellationToken cancellation)
    {
        var tables = new List<ResultTable>();
        foreach (var group in Choose(all, plan.Only))
        {
            var results = await new GroupRun(group, plan, ConsoleLines.Out).RunAsync(cancellation);
            tables.Add(new ResultTable(group, results));
        }

        var machine = await Machine.DescribeAsync(databases.Description, cancellation);
        return (
            MarkdownReport.Of(tables, machine, plan, TimeProvider.System), tables.Any(table => table.HasFailures));
    }

    private static IReadOnlyList<CaseGroup> Choose(IReadOnlyList<CaseGroup> all, IReadOnlyList<string> names)
    {
        var known = all.SelectMany(group => group.Cases.Select(one => one.Name).Prepend(group.Name)).ToArray();
        if (names.Except(known).FirstOrDefault() is { } unknown)
            throw new StartupFailure($"--only knows no \"{unknown}\". There are: {string.Join(", ", known)}.");

        return [.. all.Select(group => group.Only(names)).Where(group => group.Cases.Count > 0)];
    }
}
