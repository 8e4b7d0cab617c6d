using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.Support;

/// <summary>
/// A folder of a frontend project: <c>chunkstream-client</c> is installed there, and what a test names from npm, which
/// is kept outside the repository.
/// </summary>
internal sealed class NodeFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("chunkstream-node-").FullName;

    /// <summary>Makes one with a package of npm's, in one exact version, and what that needs.</summary>
    public static async Task<NodeFolder> WithAsync(string name, string version)
    {
        var state = Environment.GetEnvironmentVariable("ChunkStream__LocalHost__StatePath") ?? StateFolder.Default;
        var package = await new NpmPackage(name, version)
            .GetAsync(
                System.IO.Path.Combine(StateFolder.Create(state), "npm"), (_, _) => Task.CompletedTask,
                progress: null, CancellationToken.None)
            .Within(TimeSpan.FromMinutes(5));
        var folder = new NodeFolder();
        // A name may have a scope, which is a folder, too.
        var modules = name.Split('/').Aggregate(new DirectoryInfo(package), (place, _) => place.Parent!);
        Copy(modules, folder.Module("."));
        return folder;
    }

    public NodeFolder()
    {
        var client = System.IO.Path.Combine(Repository.Root, "client");
        foreach (var folder in new[] { "src", "bin" })
            Copy(new DirectoryInfo(System.IO.Path.Combine(client, folder)), Module("chunkstream-client", folder));
        var files = Directory.EnumerateFiles(client, "*.d.ts").Append(System.IO.Path.Combine(client, "package.json"));
        foreach (var file in files)
            File.Copy(file, System.IO.Path.Combine(Module("chunkstream-client"), System.IO.Path.GetFileName(file)));
    }

    /// <summary>Writes a file; gives its path.</summary>
    public string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private string Module(params string[] path) => System.IO.Path.Combine([Path, "node_modules", .. path]);

    private static void Copy(DirectoryInfo from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in from.EnumerateFiles())
            file.CopyTo(System.IO.Path.Combine(to, file.Name), overwrite: true);
        foreach (var folder in from.EnumerateDirectories().Where(folder => folder.Name != ".bin"))
            Copy(folder, System.IO.Path.Combine(to, folder.Name));
    }
}
