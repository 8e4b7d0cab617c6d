using System.Diagnostics;
using System.Reflection;

namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>
/// Starts one of our programs as a process, from the same build, with the program's own runtime settings.
/// </summary>
internal static class DotnetProgram
{
    private static readonly string[] SettingPrefixes = ["ChunkStream__", "ConnectionStrings__", "OTEL_"];

    /// <summary>What starts the program.</summary>
    public static ProcessStartInfo Of(Assembly program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [program.Location, .. arguments])
        {
            WorkingDirectory = AppContext.BaseDirectory,
        };

        // Settings that the user has for a local host of their own must not change the figures.
        var settings = start.Environment.Keys
            .Where(name => SettingPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            .ToArray();
        foreach (var name in settings)
            start.Environment.Remove(name);
        return start;
    }
}
