using System.Globalization;
using System.Runtime.InteropServices;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>The Postgres programs, from the packages of npm's embedded-postgres.</summary>
internal sealed class PostgresBinaries
{
    private const string Version = "18.4.0-beta.17";

    // The first version of Postgres that has the builtin locale provider.
    private const int BuiltinLocale = 17;

    private readonly string _bin;
    private readonly int _major;

    private PostgresBinaries(string packageFolder, NpmPackage package)
    {
        _bin = Path.Combine(packageFolder, "native", "bin");
        _major = int.Parse(package.Version.Split('.')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>The program that makes a cluster.</summary>
    public string Initdb => Program("initdb");

    /// <summary>
    /// The options that <c>initdb</c> gets beside <c>--locale C</c>. The builtin locale sorts by code point, so alike
    /// on every system, and still knows which characters of Unicode are letters.
    /// </summary>
    public IEnumerable<string> LocaleOptions
        => _major < BuiltinLocale ? [] : ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"];

    /// <summary>The program that starts and stops a server.</summary>
    public string PgCtl => Program("pg_ctl");

    private string Server => Program("postgres");

    /// <summary>Returns the programs for this machine. The first time, npm gets them.</summary>
    /// <param name="statePath">The state folder.</param>
    /// <param name="package">The package that holds the programs.</param>
    /// <param name="user">The user that they will run as; null for this process's own user.</param>
    /// <param name="progress">Gets a line for each step that takes time.</param>
    /// <param name="cancellation">Ends the installation.</param>
    /// <exception cref="StartupFailure">npm could not install the package, or it does not run here.</exception>
    public static async Task<PostgresBinaries> GetAsync(
        string statePath, NpmPackage package, string? user, IProgress<string>? progress, CancellationToken cancellation)
    {
        var folder = await package.GetAsync(
            Path.Combine(statePath, "npm"),
            (installed, cancel) => FinishAsync(installed, package, user, cancel),
            progress,
            cancellation);
        return new PostgresBinaries(folder, package);
    }

    /// <summary>Returns the package for this machine.</summary>
    /// <exception cref="StartupFailure">There is no package for this kind of machine.</exception>
    internal static NpmPackage Package() => Package(Platform());

    // The package embedded-postgres itself is not used: it is a wrapper for Node, and would take any later version of
    // this package. --force is there because the platform is chosen here: an emulated Node may report another platform,
    // and npm would then refuse the package.
    internal static NpmPackage Package(string platform) =>
        new("@embedded-postgres/" + platform, Version) { ExtraArguments = ["--force"] };

    private string Program(string name) => Path.Combine(_bin, OperatingSystem.IsWindows() ? name + ".exe" : name);

    private static async Task FinishAsync(
        string packageFolder, NpmPackage package, string? user, CancellationToken cancellation)
    {
        // npm packages cannot hold symbolic links. This package brings a script that makes the links its libraries
        // need.
        var links = Path.Combine(packageFolder, "scripts", "hydrate-symlinks.js");
        if (File.Exists(links))
        {
            await new ChildProcess(NodeJs.Program, links) { WorkingDirectory = packageFolder }
                .RunToSuccessAsync(cancellation);
        }

        // The ordinary user must be able to read and run the programs, whatever root's umask is.
        if (user is not null)
        {
            var modules = Path.GetFullPath(Path.Combine(packageFolder, "..", ".."));
            await new ChildProcess("chmod", "-R", "a+rX", modules).RunToSuccessAsync(cancellation);
        }

        try
        {
            var server = new PostgresBinaries(packageFolder, package).Server;
            await new ChildProcess(server, "--version") { UserName = user, WorkingDirectory = packageFolder }
                .RunToSuccessAsync(cancellation);
        }
        catch (StartupFailure e)
        {
            throw new StartupFailure(
                "The Postgres programs from npm do not run on this machine"
                + (user is null ? "" : $" as the user {user}, who must be able to reach {packageFolder}")
                + (OperatingSystem.IsLinux() ? "; they need a Linux with glibc (not musl, as Alpine has)" : "")
                + $". An existing database can be used instead: --database \"…\".\n{e.Message}", e);
        }
    }

    private static string Platform()
    {
        var architecture = RuntimeInformation.OSArchitecture;
        var platform = architecture switch
        {
            Architecture.X64 when OperatingSystem.IsLinux() => "linux-x64",
            Architecture.Arm64 when OperatingSystem.IsLinux() => "linux-arm64",
            Architecture.Arm when OperatingSystem.IsLinux() => "linux-arm",
            Architecture.Ppc64le when OperatingSystem.IsLinux() => "linux-ppc64",
            Architecture.X64 when OperatingSystem.IsMacOS() => "darwin-x64",
            Architecture.Arm64 when OperatingSystem.IsMacOS() => "darwin-arm64",
            Architecture.X64 when OperatingSystem.IsWindows() => "windows-x64",
            // Windows on ARM runs x64 programs.
            Architecture.Arm64 when OperatingSystem.IsWindows() => "windows-x64",
            _ => null,
        };
        return platform ?? throw new StartupFailure(
            $"There are no Postgres programs on npm for {RuntimeInformation.OSDescription} on {architecture}. "
            + "Use an existing database: --database \"…\".");
    }
}
