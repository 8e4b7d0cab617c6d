using System.Globalization;

namespace ChunkStream.LocalHost.Web.Connections;

/// <summary>How many files and sockets the system lets this process have open at a time: <c>ulimit -n</c>.</summary>
internal static class Descriptors
{
    // The .NET runtime raises the limit to this number where it can.
    private const int MacLimit = 10_240;

    // The process itself has some 220 files open, mostly assemblies, and more once everything is in use.
    private const int OfTheProcess = 300;
    private const int FewestConnections = 16;

    private const string LinuxFile = "/proc/self/limits";
    private const string LinuxLine = "Max open files";

    /// <summary>Returns the limit, or null where there is none that matters, as on Windows.</summary>
    public static int? Limit() =>
        OperatingSystem.IsMacOS() ? MacLimit
        : File.Exists(LinuxFile) ? Parse(File.ReadLines(LinuxFile))
        : null;

    /// <summary>Reads the soft limit from the lines of <c>/proc/self/limits</c>; null where there is none.</summary>
    public static int? Parse(IEnumerable<string> lines)
        => lines.FirstOrDefault(line => line.StartsWith(LinuxLine, StringComparison.Ordinal)) is { } line
            && long.TryParse(
                line[LinuxLine.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0],
                CultureInfo.InvariantCulture,
                out var limit)
            && limit <= int.MaxValue
            ? (int)limit
            : null;

    /// <summary>Returns how many descriptors are left for client connections.</summary>
    /// <param name="limit">The limit of the whole process.</param>
    /// <param name="databaseConnections">
    /// How many connections to the database there may be. Each may need a second one, to cancel its query.
    /// </param>
    public static int ForClients(int limit, int databaseConnections)
        => Math.Max(FewestConnections, limit - OfTheProcess - (2 * databaseConnections));
}
