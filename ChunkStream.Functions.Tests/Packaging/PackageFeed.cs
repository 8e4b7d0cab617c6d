using System.Security;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Packaging;

/// <summary>
/// The packages, packed from what this build made, as a feed in a folder outside of the repository; and folders beside
/// it for programs that use them. All other packages come from where they come from on this machine.
/// </summary>
public sealed partial class PackageFeed : IAsyncLifetime
{
    public const string Collection = "Packages";

    private readonly string _root = Directory.CreateTempSubdirectory("chunkstream-packages-").FullName;

    /// <summary>The version that the changelog has on top.</summary>
    public static string Released { get; }
        = TopmostVersion().Match(File.ReadAllText(Path.Combine(Repository.Root, "CHANGELOG.md"))).Value;

    /// <summary>The packages' version here: one that no other feed has, nor this machine from an earlier run.</summary>
    public static string Version { get; } = $"{Released}-tests.{Guid.NewGuid():N}";

    /// <summary>The folder that has the packages.</summary>
    public string Feed => Path.Combine(_root, "feed");

    public async Task InitializeAsync()
    {
        await DotnetAsync(
            Repository.Root, "pack", "ChunkStream.sln", "--no-build", "--configuration", Built.Configuration,
            "--output", Feed, $"-p:Version={Version}", "--nologo");
        await File.WriteAllTextAsync(Path.Combine(_root, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="chunkstream" value="{SecurityElement.Escape(Feed)}" /></packageSources>
            </configuration>
            """);
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        // The Functions SDK needs all packages in one folder, so ours were there for a while.
        foreach (var package in Directory.EnumerateDirectories(MachinePackages, "chunkstream*"))
        {
            if (Path.Combine(package, Version) is var restored && Directory.Exists(restored))
                Directory.Delete(restored, recursive: true);
            if (!Directory.EnumerateFileSystemEntries(package).Any())
                Directory.Delete(package);
        }

        return Task.CompletedTask;
    }

    /// <summary>The path of a package.</summary>
    public string Package(string id) => Path.Combine(Feed, $"{id}.{Version}.nupkg");

    /// <summary>Makes a folder for a program.</summary>
    public string NewFolder(string name) => Directory.CreateDirectory(Path.Combine(_root, name)).FullName;

    /// <summary>Runs the SDK's command in a folder, and gives what it says. Fails where it does.</summary>
    public static Task<string> DotnetAsync(string folder, params string[] arguments)
        => DotnetAsync(folder, [], arguments);

    /// <summary>The same with variables of the environment.</summary>
    public static async Task<string> DotnetAsync(
        string folder, (string Name, string Value)[] environment, params string[] arguments)
    {
        await using var command = RunningProgram.Start(
            "dotnet", arguments, folder,
            [
                // Nothing outlives the command: no build server, and no compiler's.
                ("MSBUILDDISABLENODEREUSE", "1"),
                ("UseSharedCompilation", "false"),
                ("NuGetAudit", "false"),
                ("DOTNET_CLI_UI_LANGUAGE", "en"),
                .. environment,
            ]);
        var (exitCode, output, errors) = await command.EndAsync(TimeSpan.FromMinutes(10));
        Assert.True(exitCode == 0, $"dotnet {string.Join(' ', arguments)}\n{output}{errors}");
        return output;
    }

    private static string MachinePackages => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    [GeneratedRegex(@"(?<=^## )\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", RegexOptions.Multiline)]
    private static partial Regex TopmostVersion();
}

/// <summary>
/// The tests that share the feed. They have a Postgres of their own, so that other tests don't wait for them.
/// </summary>
[CollectionDefinition(PackageFeed.Collection)]
public sealed class PackageFeedTests : ICollectionFixture<PackageFeed>, ICollectionFixture<RealPostgres>;
