namespace ChunkStream.Functions.Tests.Support;

/// <summary>What this build made of the solution's other projects.</summary>
internal static class Built
{
    /// <summary>Debug or Release: that of the tests.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    /// <summary>The folder that has a project's program.</summary>
    /// <param name="project">The project's folder, under the repository's root.</param>
    public static string Folder(params string[] project)
        => Path.Combine([Repository.Root, .. project, "bin", Configuration, "net10.0"]);
}
