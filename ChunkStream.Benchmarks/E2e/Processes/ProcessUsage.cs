using System.Diagnostics;

namespace ChunkStream.Benchmarks.E2e.Processes;

/// <summary>What a process and those that it started have used since they were started.</summary>
/// <param name="Cpu">User and system time; null if this system does not tell.</param>
/// <param name="PeakBytes">
/// The most memory that was resident, summed over the processes; null if this system does not tell.
/// </param>
internal sealed record ProcessUsage(TimeSpan? Cpu, long? PeakBytes)
{
    /// <summary>The usage of a process of which nothing is known.</summary>
    public static ProcessUsage Unknown { get; } = new(null, null);

    /// <summary>Reads what a running process has used (on Linux from /proc).</summary>
    /// <param name="id">The process.</param>
    /// <param name="hasChildren">Whether its work is done by processes that it starts.</param>
    public static ProcessUsage Read(int id, bool hasChildren)
    {
        // Who is whose child, only Linux tells simply; half of a server's figures would be wrong ones.
        if (hasChildren && !OperatingSystem.IsLinux())
            return Unknown;

        try
        {
            return Sum(hasChildren ? WithChildren(id) : [id]);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or IOException)
        {
            // It has ended: whoever reads from it learns of that.
            return Unknown;
        }
    }

    private static ProcessUsage Sum(IEnumerable<int> ids)
    {
        var (cpu, peak) = (TimeSpan.Zero, 0L);
        foreach (var id in ids)
        {
            using var process = Process.GetProcessById(id);
            cpu += process.TotalProcessorTime;
            peak += process.PeakWorkingSet64;
        }

        return new ProcessUsage(cpu, peak > 0 ? peak : null);
    }

    private static IEnumerable<int> WithChildren(int id) =>
        Directory.EnumerateDirectories($"/proc/{id}/task")
            .SelectMany(task => File.ReadAllText(Path.Combine(task, "children"))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .SelectMany(child => WithChildren(int.Parse(child, provider: null)))
            .Prepend(id);
}
