using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Report;

namespace ChunkStream.Benchmarks.Cold;

/// <summary>The benchmark of the function app's start.</summary>
internal static class ColdRun
{
    // The default query reads this table, and one row of it is asked for.
    private const long Rows = 1_000;

    /// <summary>Runs it, and gives the process's exit code.</summary>
    public static Task<int> RunAsync(ColdSettings settings, CancellationToken cancellation)
        => ReportedRun.RunAsync(
            ColdCommand.Name,
            settings.Output,
            async () => (await MeasureAsync(settings, cancellation), HasFailures: false),
            cancellation);

    private static async Task<string> MeasureAsync(ColdSettings settings, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("chunkstream-cold-").FullName;
        try
        {
            await using var databases = new TestDatabases();
            var apps = await ColdApps.MakeAsync(settings.Published, folder, cancellation);
            var groups = await MeasureAsync(apps, databases, settings.Rounds, cancellation);
            var machine = await Machine.DescribeAsync(databases.Description, cancellation);
            return ColdReport.Create(groups, machine, settings, TimeProvider.System);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<IReadOnlyList<ColdGroup>> MeasureAsync(
        IReadOnlyList<ColdApp> apps, TestDatabases databases, int rounds, CancellationToken cancellation)
    {
        var database = await databases.WithRowsAsync(Rows, cancellation);
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Postgres"] = database.ConnectionString,
            ["ChunkStream__ResumeKey"] = "a key for benchmarks that nobody guesses",
        };
        ColdGroup[] groups =
        [
            new("/api/stream?chunks=2", "0.1 s and 15 % of CPU more than the empty app", apps, settings),
            new("/api/db-stream?limit=1", "0.15 s more than the empty app, the database's connection included", apps,
                settings),
        ];
        foreach (var group in groups)
            await group.RunAsync(rounds, cancellation);
        return groups;
    }
}
