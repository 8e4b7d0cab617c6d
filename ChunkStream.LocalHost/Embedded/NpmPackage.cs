namespace ChunkStream.LocalHost.Embedded;

/// <summary>
/// An npm package of one exact version, installed into a folder of its own. Other programs' packages and npm's settings
/// for projects are out of play there.
/// </summary>
/// <param name="Name">Its name, with its scope.</param>
/// <param name="Version">The exact version.</param>
internal sealed record NpmPackage(string Name, string Version)
{
    // A slow line and a hundred megabytes; npm itself gives up earlier where there is no line at all.
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(15);

    /// <summary>
    /// The package-lock.json that says which bytes the package and all that it needs must have; null, for any. Default: the one in
    /// <c>Embedded/Npm</c>, where there is one.
    /// </summary>
    public string? Lock { get; init; } = OwnLock(Name, Version);

    /// <summary>npm arguments beyond the usual.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>After how long it is said again that the installation is under way. Default 5 seconds.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Gives the package's folder, and installs it first where that has not been done. A lock makes a second process
    /// wait for the first.
    /// </summary>
    /// <param name="root">The folder of all packages.</param>
    /// <param name="finish">What is left to do in the package's folder before it is whole.</param>
    /// <param name="progress">Told what takes time.</param>
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
        // No install scripts: what they would do, `finish` does, also where npm is told to block them.
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
        var result = await InstallProgress.ReportWhileAsync(npm.RunAsync(cancellation), Name, folder, ProgressInterval, progress);
        if (result.ExitCode != 0 || !Directory.Exists(PackageFolder(folder)))
        {
            throw new StartupFailure(
                $"npm could not install {Name}@{Version} (exit code {result.ExitCode}). It needs its registry only "
                + $"this once; npm's own settings choose the registry and a proxy.\n{result.Output}");
        }
    }
}
