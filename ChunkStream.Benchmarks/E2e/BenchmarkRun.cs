using ChunkStream.Benchmarks.E2e.Cases;
using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.LocalHost;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>One run of a benchmark: everything is started, measured, stopped, and written down.</summary>
internal static class BenchmarkRun
{
    private const int Failed = 1;

    // The exit code that shells use for SIGINT: 128 plus its number.
    private const int Interrupted = 130;

    /// <summary>Runs it, and gives the process's exit code.</summary>
    /// <param name="plan">How the benchmark is run.</param>
    /// <param name="databases">The databases that the groups need. They are disposed here.</param>
    /// <param name="all">All groups of cases.</param>
    /// <param name="cancellation">When it is cancelled, the run stops.</param>
    public static async Task<int> RunAsync(
        BenchmarkPlan plan, TestDatabases databases, IReadOnlyList<CaseGroup> all, CancellationToken cancellation)
    {
        try
        {
            await using (databases)
                return await RunCheckedAsync(plan, databases, all, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Console.Out.WriteLine("Interrupted: everything is stopped, and nothing was written.");
            return Interrupted;
        }
        catch (StartupFailure e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Failed;
        }
    }

    private static async Task<int> RunCheckedAsync(
        BenchmarkPlan plan, TestDatabases databases, IReadOnlyList<CaseGroup> all, CancellationToken cancellation)
    {
        RequireRelease(plan.Name);
        var groups = Choose(all, plan.Only);
        var output = plan.Output ?? ResultFile.ForToday(plan.Name, TimeProvider.System);

        var tables = new List<ResultTable>();
        foreach (var group in groups)
        {
            var results = await new GroupRun(group, plan, ConsoleLines.Out).RunAsync(cancellation);
            tables.Add(new ResultTable(group, results));
        }

        var machine = await Machine.DescribeAsync(databases.Description, cancellation);
        var report = MarkdownReport.Of(tables, machine, plan, TimeProvider.System);
        await File.WriteAllTextAsync(output, report, cancellation);
        Console.Out.WriteLine($"\n{report}\nWritten to {output}");
        return tables.Any(table => table.HasFailures) ? Failed : 0;
    }

    private static IReadOnlyList<CaseGroup> Choose(IReadOnlyList<CaseGroup> all, IReadOnlyList<string> names)
    {
        var known = all.SelectMany(group => group.Cases.Select(one => one.Name).Prepend(group.Name)).ToArray();
        if (names.Except(known).FirstOrDefault() is { } unknown)
            throw new StartupFailure($"--only knows no \"{unknown}\". There are: {string.Join(", ", known)}.");

        return [.. all.Select(group => group.Only(names)).Where(group => group.Cases.Count > 0)];
    }

    /// <summary>Refuses to measure a build that is not for that.</summary>
    public static void RequireRelease(string command)
    {
#if DEBUG
        throw new StartupFailure(
            "This is a Debug build, whose figures mean nothing: "
            + $"dotnet run -c Release --project ChunkStream.Benchmarks -- {command}");
#endif
    }
}
