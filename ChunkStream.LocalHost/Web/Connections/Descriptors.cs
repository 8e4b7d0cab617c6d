using System.Globalization;

namespace ChunkStream.LocalHost.Web.Connections;

/// <summary>How many files and sockets the system lets this process have open at a time: <c>ulimit -n</c>.</summary>
internal static class Descriptors
{
    // What the .NET runtime raises the limit to where it can.
    private const int MacLimit = 10_240;

    // What the process has open without any connection: some 220, assemblies above all, and more once everything is in use.
    private const int OfTheProcess = 300;
    private const int FewestConnections = 16;

    private const string LinuxFile = "/proc/self/limits";
    private const string LinuxLine = "Max open files";

    /// <summary>The limit, or null where there is none to speak of, as on Windows.</summary>
    public static int? Limit() => OperatingSystem.IsMacOS() ? MacLimit : File.Exists(LinuxFile) ? Parse(File.ReadLines(LinuxFile)) : null;

    /// <summary>Reads the limit in force from the lines of <c>/proc/self/limits</c>; null for none.</summary>
    public static int? Parse(IEnumerable<string> lines)
        => lines.FirstOrDefault(line => line.StartsWith(LinuxLine, StringComparison.Ordinal)) is { } line
            && long.TryParse(line[LinuxLine.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture, out var limit)
            && limit <= int.MaxValue
            ? (int)limit
            : null;

    /// <summary>How many of them connections of clients may have.</summary>
    /// <param name="limit">The limit.</param>
    /// <param name="databaseConnections">How many connections to the database there may be; each may need another one, to cancel a query.</param>
    public static int ForClients(int limit, int databaseConnections)
        => Math.Max(FewestConnections, limit - OfTheProcess - (2 * databaseConnections));
}
