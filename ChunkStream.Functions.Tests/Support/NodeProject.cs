using System.Security.Cryptography;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// Copies a folder of the tests that has a <c>package.json</c> and a lock file to a place outside the repository, and
/// installs the packages of the lock file there. This is done once for each version of the folder's files.
/// </summary>
internal static class NodeProject
{
    private static readonly TimeSpan InstallLimit = TimeSpan.FromMinutes(5);

    /// <summary>Gives the copy's path.</summary>
    /// <param name="folder">The folder, under the repository's root.</param>
    public static async Task<string> InstalledAsync(params string[] folder)
    {
        var files = new DirectoryInfo(Path.Combine([Repository.Root, .. folder])).GetFiles()
            .OrderBy(file => file.Name, StringComparer.Ordinal).ToArray();
        var state = Environment.GetEnvironmentVariable("ChunkStream__LocalHost__StatePath") ?? StateFolder.Default;
        var root = StateFolder.Create(Path.Combine(StateFolder.Create(state), "npm"));
        var place = Path.Combine(root, $"{folder[^1].ToLowerInvariant()}-{Version(files)}");
        using var installing = await LockFile.TakeAsync(place + ".lock", InstallLimit, CancellationToken.None);
        if (Directory.Exists(place))
            return place;

        var partial = StateFolder.Create(PartialFolder.Begin(place));
        foreach (var file in files)
            file.CopyTo(Path.Combine(partial, file.Name));
        await NodeJs.RequireWithNpmAsync(CancellationToken.None);
        var npm = new ChildProcess(
            NodeJs.Npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        {
            WorkingDirectory = partial,
            Timeout = InstallLimit,
        };
        var result = await npm.RunAsync(CancellationToken.None);
        Assert.True(result.ExitCode == 0, result.Output);
        PartialFolder.Finish(partial, place);
        return place;
    }

    private static string Version(IEnumerable<FileInfo> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
            hash.AppendData(File.ReadAllBytes(file.FullName));
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 6));
    }
}
