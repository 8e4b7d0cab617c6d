namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// An npm package of one exact version. It is installed into a folder of its own, so other programs' packages and a
/// project's npm settings do not affect it.
/// </summary>
/// <param name="Name">The package's name, with its scope.</param>
/// <param name="Version">The exact version.</param>
internal sealed record NpmPackage(string Name, string Version)
{
    // Enough for a hundred megabytes over a slow connection. Where there is no connection, npm itself gives up earlier.
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(15);

    /// <summary>
    /// The package-lock.json with the checksums of the package and of all that it needs; null to accept any content.
    /// Default: the package's lock in <c>Embedded/Npm</c>, or null where there is none.
    /// </summary>
    public string? Lock { get; init; } = OwnLock(Name, Version);

    /// <summary>Further arguments for npm.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>The time between two reports that the installation is under way. Default: 5 seconds.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Returns the package's folder, and installs the package first where that has not been done. Of two processes the
    /// second waits for the first.
    /// </summary>
    /// <param name="root">The folder of all packages.</param>
    /// <param name="finish">Completes the installation, in the package's folder that it is given.</param>
    /// <param name="progress">Gets a line for each step that takes time.</param>
    /// <param name="cancellation">Ends the installation.</param>
    /// <exception cref="StartupFailure">Node.js is missing, or npm failed.</exception>
    public async Task<string> GetAsync(
        string root,
        Func<string, CancellationToken, Task> finish,
        IProgress<string>? progress,
        CancellationToken cancellation)
    {
        var place = Path.Combine(root, FileName(Name, Version));
        if (Directory.Exists(place))
            return PackageFolder(place);

        await NodeJs.RequireWithNpmAsync(cancellation);
        StateFolder.Create(root);
        using var installing = await LockFile.TakeAsync(place + ".lock", InstallLimit, cancellation);
        if (Directory.Exists(place))
            return PackageFolder(place);

        progress?.Report($"Getting {Name} {Version} with npm: once, then it is kept in {place}");
        var partial = StateFolder.Create(PartialFolder.Begin(place));

        await InstallAsync(partial, progress, cancellation);
        await finish(PackageFolder(partial), cancellation);
        PartialFolder.Finish(partial, place);
        return PackageFolder(place);
    }

    private static string FileName(string name, string version) => $"{name.TrimStart('@').Replace('/', '-')}-{version}";

    private static string? OwnLock(string name, string version)
    {
        using var stream = typeof(NpmPackage).Assembly.GetManifestResourceStream($"npm/{FileName(name, version)}.json");
        if (stream is null)
            return null;

        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private string PackageFolder(string place) =>
        Path.Combine([place, "node_modules", .. Name.Split('/')]);

    private async Task InstallAsync(string folder, IProgress<string>? progress, CancellationToken cancellation)
    {
        // Install scripts are off: `finish` does their work, so it is done also where npm's settings block scripts.
        string[] what = ["install", $"{Name}@{Version}"];
        if (Lock is not null)
        {
            what = ["ci"];
            var manifest = $$$"""{"private":true,"dependencies":{"{{{Name}}}":"{{{Version}}}"}}""";
            await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), manifest, cancellation);
            await File.WriteAllTextAsync(Path.Combine(folder, "package-lock.json"), Lock, cancellation);
        }

        var npm = new ChildProcess(
            NodeJs.Npm,
            [.. what, "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", "--engine-strict=false",
                "--loglevel=error", .. ExtraArguments])
        {
            WorkingDirectory = folder,
            Timeout = InstallLimit,
        };
        var result = await InstallProgress.ReportWhileAsync(
            npm.RunAsync(cancellation), Name, folder, ProgressInterval, progress);
        if (result.ExitCode != 0 || !Directory.Exists(PackageFolder(folder)))
        {
            throw new StartupFailure(
                $"npm could not install {Name}@{Version} (exit code {result.ExitCode}). It needs its registry only "
                + $"this once; npm's own settings choose the registry and a proxy.\n{result.Output}");
        }
    }
}
