using System.Globalization;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>The Node.js and npm that are on the PATH.</summary>
internal static class NodeJs
{
    private const int OldestMajor = 20;

    /// <summary>The program that runs scripts.</summary>
    public const string Program = "node";

    /// <summary>
    /// The program that installs packages. On Windows it is a batch file, which is found only by its full name.
    /// </summary>
    public static string Npm => OperatingSystem.IsWindows() ? "npm.cmd" : "npm";

    /// <summary>Makes sure that Node.js is installed and not too old.</summary>
    /// <exception cref="StartupFailure">Node.js is missing or too old.</exception>
    public static async Task RequireAsync(CancellationToken cancellation)
    {
        var version = await VersionAsync(Program, cancellation);
        if (!int.TryParse(version.TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture, out var major)
            || major < OldestMajor)
        {
            throw new StartupFailure(
                $"Node.js {version} is too old. Install Node.js {OldestMajor} or newer: https://nodejs.org");
        }
    }

    /// <summary>Makes sure that Node.js and npm are installed, and that Node.js is not too old.</summary>
    /// <exception cref="StartupFailure">One of them is missing, or Node.js is too old.</exception>
    public static async Task RequireWithNpmAsync(CancellationToken cancellation)
    {
        await RequireAsync(cancellation);
        await VersionAsync(Npm, cancellation);
    }

    private static async Task<string> VersionAsync(string program, CancellationToken cancellation)
    {
        try
        {
            return await new ChildProcess(program, "--version").RunToSuccessAsync(cancellation);
        }
        catch (StartupFailure e)
        {
            throw new StartupFailure(
                $"{program} is needed and does not run. Install Node.js {OldestMajor} or newer, with npm, so that it "
                + $"is on the PATH: https://nodejs.org\n{e.Message}", e);
        }
    }
}
