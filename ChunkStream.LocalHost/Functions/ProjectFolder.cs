namespace ChunkStream.LocalHost.Functions;

/// <summary>Where the function app's project is.</summary>
internal static class ProjectFolder
{
    private const string Project = "ChunkStream.Functions";
    private const string Solution = "ChunkStream.sln";

    /// <summary>The message for a project that was not found: it says what to do.</summary>
    public const string NotFound =
        $"The folder {Project} was not found: start this inside the folder with {Solution}, or below it.";

    /// <summary>
    /// Looks for the project from the current folder upwards, then from this program's folder upwards; null where
    /// neither search finds it.
    /// </summary>
    public static string? Find() =>
        new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory }
            .SelectMany(AndAbove)
            .Where(folder => File.Exists(Path.Combine(folder, Solution)))
            .Select(folder => Path.Combine(folder, Project))
            .FirstOrDefault(Directory.Exists);

    private static IEnumerable<string> AndAbove(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            yield return at.FullName;
    }
}
