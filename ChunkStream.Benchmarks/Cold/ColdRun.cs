using ChunkStream.Benchmarks.E2e;
using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.LocalHost;

namespace ChunkStream.Benchmarks.Cold;

/// <summary>The benchmark of the function app's start.</summary>
internal static class ColdRun
{
    private const int Failed = 1;

    // 128 + SIGINT, the shells' own number for it.
    private const int Interrupted = 130;

    // The default query reads them; one is asked for.
    private const long Rows = 1_000;

    /// <summary>Runs it, and gives the process's exit code.</summary>
    public static async Task<int> RunAsync(ColdSettings settings, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("chunkstream-cold-").FullName;
        try
        {
            await using var databases = new TestDatabases();
            var apps = await ColdApps.MakeAsync(settings.Published, folder, cancellation);
            var groups = await MeasureAsync(apps, databases, settings.Rounds, cancellation);
            var machine = await Machine.DescribeAsync(databases.Description, cancellation);
            var report = ColdReport.Create(groups, machine, settings, TimeProvider.System);
            var output = settings.Output ?? ResultFile.ForToday(ColdCommand.Name, TimeProvider.System);
            await File.WriteAllTextAsync(output, report, cancellation);
            Console.Out.WriteLine($"\n{report}\nWritten to {output}");
            return 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Console.Out.WriteLine("Interrupted: everything is stopped, and nothing was written.");
            return Interrupted;
        }
        catch (Exception e) when (e is StartupFailure or InvalidDataException or InvalidOperationException
            or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Failed;
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
