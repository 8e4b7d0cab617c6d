using ChunkStream.LocalHost;

namespace ChunkStream.Benchmarks.E2e.Report;

/// <summary>Where results are kept: in the repository that the program was built from.</summary>
internal static class ResultFile
{
    private const string Solution = "ChunkStream.sln";

    /// <summary>The file of a benchmark's results of today; a later run of the same day replaces it.</summary>
    public static string ForToday(string benchmark, TimeProvider time)
    {
        var folder = Path.Combine(Repository(), "ChunkStream.Benchmarks", "results");
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, $"{time.GetUtcNow():yyyy-MM-dd}-{benchmark}.md");
    }

    /// <summary>The repository's root.</summary>
    /// <exception cref="StartupFailure">This program is not in one.</exception>
    public static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, Solution)))
                return folder.FullName;
        }

        throw new StartupFailure(
            $"No folder above {AppContext.BaseDirectory} has {Solution}: name a file with --output.");
    }
}
