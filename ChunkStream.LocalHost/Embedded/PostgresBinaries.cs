using System.Globalization;
using System.Runtime.InteropServices;

namespace ChunkStream.LocalHost.Embedded;

/// <summary>Real Postgres programs, out of the packages of npm's embedded-postgres.</summary>
internal sealed class PostgresBinaries
{
    private const string Version = "18.4.0-beta.17";

    // The first version that has it.
    private const int BuiltinLocale = 17;

    private readonly string _bin;
    private readonly int _major;

    private PostgresBinaries(string packageFolder, NpmPackage package)
    {
        _bin = Path.Combine(packageFolder, "native", "bin");
        _major = int.Parse(package.Version.Split('.')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Makes a cluster.</summary>
    public string Initdb => Program("initdb");

    /// <summary>
    /// What <c>initdb</c> is told beside <c>--locale C</c>. The builtin locale sorts by code point, the same on every system, and still
    /// knows Unicode's letters.
    /// </summary>
    public IEnumerable<string> LocaleOptions
        => _major < BuiltinLocale ? [] : ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"];

    /// <summary>Starts and stops a server.</summary>
    public string PgCtl => Program("pg_ctl");

    private string Server => Program("postgres");

    /// <summary>Gives the programs for this machine; the first time it gets them from npm.</summary>
    /// <param name="statePath">The state folder.</param>
    /// <param name="package">The package that holds them.</param>
    /// <param name="user">Whom they will run as; null for ourselves.</param>
    /// <param name="progress">Told what takes time.</param>
    /// <param name="cancellation">Ends the installation.</param>
    /// <exception cref="StartupFailure">It can't be got, or does not work here.</exception>
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

    /// <summary>The package for this machine.</summary>
    /// <exception cref="StartupFailure">There is none.</exception>
    internal static NpmPackage Package() => Package(Platform());

    // Not the package embedded-postgres itself: it is a wrapper for Node that we don't use, and takes any later version of
    // this one. --force, since the platform was chosen here: an emulated Node would name another.
    internal static NpmPackage Package(string platform) =>
        new("@embedded-postgres/" + platform, Version) { ExtraArguments = ["--force"] };

    private string Program(string name) => Path.Combine(_bin, OperatingSystem.IsWindows() ? name + ".exe" : name);

    private static async Task FinishAsync(string packageFolder, NpmPackage package, string? user, CancellationToken cancellation)
    {
        // npm packages hold no symbolic links: the package brings a script that makes the ones its libraries need.
        var links = Path.Combine(packageFolder, "scripts", "hydrate-symlinks.js");
        if (File.Exists(links))
        {
            await new ChildProcess(NodeJs.Program, links) { WorkingDirectory = packageFolder }
                .RunToSuccessAsync(cancellation);
        }

        // Whatever root's umask is, the ordinary user must be able to read and run them.
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
