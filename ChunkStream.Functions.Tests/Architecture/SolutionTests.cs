using System.Text.RegularExpressions;
using System.Xml.Linq;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Architecture;

/// <summary>
/// <c>dotnet test ChunkStream.Functions.Tests</c> restores and builds the whole solution, on a clean clone: tests pack
/// and start what other projects made.
/// </summary>
public sealed partial class SolutionTests
{
    [Fact]
    public void The_tests_refer_to_every_project_of_the_solution()
    {
        var solution = Project().Matches(File.ReadAllText(Path.Combine(Repository.Root, "ChunkStream.sln")))
            .Select(match => FullPath(Repository.Root, match.Value))
            .ToHashSet();
        var built = new HashSet<string>();
        var next = new Queue<string>(
            [FullPath(Repository.Root, "ChunkStream.Functions.Tests/ChunkStream.Functions.Tests.csproj")]);
        while (next.TryDequeue(out var project))
        {
            if (!built.Add(project))
                continue;
            foreach (var reference in References(project))
                next.Enqueue(reference);
        }

        Assert.True(solution.Count > 10);
        Assert.Empty(solution.Except(built));
    }

    private static IEnumerable<string> References(string project)
        => XDocument.Load(project).Descendants("ProjectReference")
            .Select(reference => FullPath(Path.GetDirectoryName(project)!, reference.Attribute("Include")!.Value))
            .SelectMany(path => path.Contains('*', StringComparison.Ordinal) ? Files(path) : [path]);

    // Of the form folder/*/*.csproj.
    private static IEnumerable<string> Files(string pattern)
        => Directory.EnumerateDirectories(Path.GetDirectoryName(Path.GetDirectoryName(pattern))!)
            .SelectMany(folder => Directory.EnumerateFiles(folder, Path.GetFileName(pattern)));

    private static string FullPath(string folder, string path)
        => Path.GetFullPath(path.Replace('\\', Path.DirectorySeparatorChar), folder);

    [GeneratedRegex(@"(?<="")[^""]+\.csproj(?="")")]
    private static partial Regex Project();
}
