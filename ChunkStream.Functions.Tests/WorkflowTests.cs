using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests;

public sealed partial class WorkflowTests
{
    [Fact]
    public void Actions_are_named_by_commit_since_a_tag_can_be_moved()
    {
        var used = Directory.GetFiles(Path.Combine(Repository.Root, ".github", "workflows"), "*.yml")
            .SelectMany(File.ReadLines)
            .Where(line => line.Contains("uses:", StringComparison.Ordinal))
            .ToArray();

        Assert.NotEmpty(used);
        Assert.All(used, line => Assert.Matches(ByCommit(), line));
    }

    [GeneratedRegex(@"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")]
    private static partial Regex ByCommit();
}
