namespace ChunkStream.Configuration;

/// <summary>Finds the files and folders that settings name.</summary>
internal static class AppPath
{
    /// <summary>
    /// Where a path leads: a relative one is looked for in the current directory, in the one above it, and then beside
    /// the program.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="current">The current directory.</param>
    /// <param name="exists">Whether what is looked for is at a place.</param>
    public static string Find(string path, string current, Func<string, bool> exists)
    {
        // 'dotnet run' starts a web project in its own folder, one below the repository's.
        string[] places = [Path.GetFullPath(path, current), Path.GetFullPath(Path.Combine("..", path), current)];
        return places.FirstOrDefault(exists) ?? Path.Combine(AppContext.BaseDirectory, path);
    }
}
