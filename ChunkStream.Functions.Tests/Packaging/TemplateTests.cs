using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Functions.Tests.Support.FunctionsHost;

namespace ChunkStream.Functions.Tests.Packaging;

/// <summary>What <c>dotnet new chunkstream</c> makes, in a folder outside of the repository.</summary>
[Collection(PackageFeed.Collection)]
public sealed partial class TemplateTests(PackageFeed feed, RealPostgres postgres)
{
    /// <summary>An app whose name is not a valid name in C#.</summary>
    [Fact]
    public async Task The_template_makes_an_app_whose_own_tests_pass()
    {
        var folder = feed.NewFolder("new");
        // Templates are installed for this folder alone.
        var hive = Path.Combine(folder, "hive");
        await PackageFeed.DotnetAsync(
            folder, "new", "install", feed.Package("ChunkStream.Templates"), "--debug:custom-hive", hive);
        await PackageFeed.DotnetAsync(
            folder, "new", "chunkstream", "--name", "Order-feed.Api", "--debug:custom-hive", hive);

        var app = Path.Combine(folder, "Order-feed.Api");
        var tests = await PackageFeed.DotnetAsync(
            app, [("ConnectionStrings__Postgres", postgres.ConnectionString)], "test", "--nologo");

        Assert.Matches(@"Failed: +0, Passed: +3, Skipped: +0\b", tests);
        var output = Path.Combine(app, "Order-feed.Api", "bin", "Debug", "net10.0");
        Assert.Equal(["query", "ticks"], HostedFunction.ReadFile(output).Select(function => function.Name).Order());
        Assert.Matches(
            "\"ChunkStream__ResumeKey\": \"[0-9A-F]{32}\"",
            await File.ReadAllTextAsync(Path.Combine(output, "local.settings.json")));
        await using var running = await FunctionApp.StartAsync(
            output, [new("ConnectionStrings__Postgres", postgres.ConnectionString)]).Within();
        using var client = RunningFunctionApp.ClientOf(running);
        Assert.StartsWith(
            "{\"number\":1,\"square\":1}\n",
            await client.GetStringAsync("/api/ticks").Within(),
            StringComparison.Ordinal);
        Assert.Equal(
            "{\"n\":1,\"root\":1}\n", await client.GetStringAsync("/api/queries/numbers?count=1").Within());
    }

    [Fact]
    public void The_template_has_other_packages_in_the_versions_that_are_tested_here()
    {
        var theirs = Versions("templates", "chunkstream")
            .Where(package => !package.Id.StartsWith("ChunkStream", StringComparison.Ordinal))
            .ToArray();

        Assert.NotEmpty(theirs);
        Assert.Subset(Versions().ToHashSet(), theirs.ToHashSet());
    }

    private static IEnumerable<(string Id, string Version)> Versions(params string[] folder)
        => PackageVersion()
            .Matches(File.ReadAllText(Path.Combine([Repository.Root, .. folder, "Directory.Packages.props"])))
            .Select(match => (match.Groups[1].Value, match.Groups[2].Value));

    [GeneratedRegex("<PackageVersion Include=\"([^\"]+)\" Version=\"([^\"]+)\"")]
    private static partial Regex PackageVersion();
}
