namespace ChunkStream.Functions.Tests.Support;

/// <summary>The source tree that the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The sources of the tree, or of a folder of it, without those that the build makes.</summary>
    /// <param name="folder">The folder, relative to the root.</param>
    /// <param name="extension">What the names of the files end with.</param>
    public static IEnumerable<string> Sources(string folder = ".", string extension = "cs")
    {
        var root = Path.Combine(Root, folder);
        return Directory.EnumerateFiles(root, $"*.{extension}", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(root, file).Split(Path.DirectorySeparatorChar)
                .Any(part => part is "bin" or "obj" or "node_modules"));
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ChunkStream.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds ChunkStream.sln.");
    }
}
