using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Deployment;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests;

public sealed partial class WorkflowTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, ".github", "workflows");

    private const string Changelog = """
        # Changelog

        ## 0.3.0 (unreleased)

        - Later.

        ## 0.2.0 - 2026-12-01

        - New.

        ## 0.1.0 - 2026-11-01

        - First.

        """;

    [Fact]
    public void Actions_are_named_by_commit_since_a_tag_can_be_moved()
    {
        var used = Directory.GetFiles(Folder, "*.yml")
            .SelectMany(File.ReadLines)
            .Where(line => line.Contains("uses:", StringComparison.Ordinal))
            .ToArray();

        Assert.NotEmpty(used);
        Assert.All(used, line => Assert.Matches(ByCommit(), line));
    }

    [Fact]
    public void Each_folder_that_locks_packages_of_npm_is_looked_after_by_dependabot()
    {
        var looked = YamlFile.Read(".github", "dependabot.yml")[0]["updates"].Items
            .Single(update => update["package-ecosystem"].Text == "npm")["directories"].Items
            .Select(folder => folder.Text);
        var locked = Repository.Sources(extension: "json")
            .Where(file => Path.GetFileName(file) == "package-lock.json")
            .Select(file => Path.GetRelativePath(Repository.Root, Path.GetDirectoryName(file)!))
            .Select(folder => "/" + folder.Replace('\\', '/'));

        Assert.Equal(locked.Order(), looked.Order());
    }

    [Fact]
    public void Releasing_publishes_nothing_unless_the_repository_says_so()
    {
        var publishing = Assert.Single(Steps("release.yml"), step => Publish().IsMatch(step));

        Assert.Contains("if: vars.PUBLISH_PACKAGES == 'true'\n", publishing, StringComparison.Ordinal);
        Assert.Contains("secrets.NUGET_API_KEY", publishing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v0.2.0", 0, "\n- New.\n\n")]
    [InlineData("v0.1.0", 0, "\n- First.\n")]
    [InlineData("v0.3.0", 1, "")]
    [InlineData("v0.4.0", 1, "")]
    [InlineData("0.2", 1, "")]
    public async Task A_release_has_the_notes_of_its_tag_or_is_not_made(string tag, int exitCode, string notes)
    {
        if (OperatingSystem.IsWindows())
            return;

        var folder = Directory.CreateTempSubdirectory("chunkstream-release-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "CHANGELOG.md"), Changelog);
            var step = Steps("release.yml").Single(step => step.Contains("> notes.md", StringComparison.Ordinal));
            var script = Script(step);
            await using var run = RunningProgram.Start("bash", ["-c", script], folder, ("GITHUB_REF_NAME", tag));
            var (actual, output, errors) = await run.EndAsync();

            Assert.True(exitCode == actual, output + errors);
            Assert.Equal(notes, await File.ReadAllTextAsync(Path.Combine(folder, "notes.md")));
            Assert.Equal(exitCode == 1, output.Contains($"the tag {tag} would release", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<string> Steps(string workflow)
        => StepStart().Split(File.ReadAllText(Path.Combine(Folder, workflow)).ReplaceLineEndings("\n")).Skip(1);

    private static string Script(string step)
    {
        var lines = step[(step.IndexOf("run: |\n", StringComparison.Ordinal) + 7)..].Split('\n');
        return string.Join('\n', lines.Select(line => line.Length > 10 ? line[10..] : ""));
    }

    [GeneratedRegex(@"uses: ([\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/workflows/\w+\.yml)$")]
    private static partial Regex ByCommit();

    [GeneratedRegex("nuget push|npm publish")]
    private static partial Regex Publish();

    [GeneratedRegex("^      - ", RegexOptions.Multiline)]
    private static partial Regex StepStart();
}
