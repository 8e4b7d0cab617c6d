using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.Benchmarks.E2e.Servers;
using ChunkStream.LocalHost;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>A run of any benchmark: it ends with a file of results, or says why there is none.</summary>
internal static class ReportedRun
{
    private const int Failed = 1;

    // The exit code that shells use for SIGINT: 128 plus its number.
    private const int Interrupted = 130;

    /// <summary>Runs it, and gives the process's exit code.</summary>
    /// <param name="command">The name of its command. The file of its results is named after it.</param>
    /// <param name="output">Where the results go; null for a file of today's date in the repository.</param>
    /// <param name="measure">
    /// Measures, stops what it started, and gives the text of the file, and whether something failed.
    /// </param>
    /// <param name="cancellation">When it is cancelled, the run stops.</param>
    public static async Task<int> RunAsync(
        string command, string? output, Func<Task<(string Report, bool HasFailures)>> measure,
        CancellationToken cancellation)
    {
        try
        {
            RequireRelease(command);
            output ??= ResultFile.ForToday(command, TimeProvider.System);
            var (report, hasFailures) = await measure();
            await File.WriteAllTextAsync(output, report, cancellation);
            Console.Out.WriteLine($"\n{report}\nWritten to {output}");
            return hasFailures ? Failed : 0;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Console.Out.WriteLine("Interrupted: everything is stopped, and nothing was written.");
            return Interrupted;
        }
        catch (Exception e) when (e is StartupFailure or MissingPeerException or InvalidDataException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return Failed;
        }
    }

    // A build that is not for measuring is refused.
    private static void RequireRelease(string command)
    {
#if DEBUG
        throw new StartupFailure(
            "This is a Debug build, whose figures mean nothing: "
            + $"dotnet run -c Release --project ChunkStream.Benchmarks -- {command}");
#endif
    }
}
