using System.Diagnostics;
using System.Reflection;

namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>A program of ours as a process: out of the same build, with its own runtime settings.</summary>
internal static class DotnetProgram
{
    /// <summary>How to start it.</summary>
    public static ProcessStartInfo Of(Assembly program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [program.Location, .. arguments])
        {
            WorkingDirectory = AppContext.BaseDirectory,
        };

        // The user's settings for a local host of their own are not what is measured.
        var settings = start.Environment.Keys
            .Where(name => name.StartsWith("ChunkStream__", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase))
            .ToArray();
        foreach (var name in settings)
            start.Environment.Remove(name);
        return start;
    }
}
