using System.Reflection;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.LocalHost.Embedded;

public sealed class NpmPackageTests : IDisposable
{
    // The smallest there is that needs nothing.
    private const string Name = "is-number";
    private const string Version = "7.0.0";
    private const string Integrity =
        "sha512-41Cifkg6e8TylSpdtTpeLVMqvSBEVzTttHvERD741+pnZ8ANv0004MRL43QKPDlK9cGvNp6NZWZUBlbGXYxxng==";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chunkstream-npm-");

    [Fact]
    public void Whatever_is_fetched_at_run_time_has_a_lock_with_the_hash_of_each_package()
    {
        string[] platforms =
        [
            "linux-x64", "linux-arm64", "linux-arm", "linux-ppc64", "darwin-x64", "darwin-arm64", "windows-x64",
        ];
        var named = typeof(NpmPackage).Assembly.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(field => field.FieldType == typeof(NpmPackage))
            .Select(field => (NpmPackage)field.GetValue(null)!)
            .ToArray();
        Assert.Contains(Azurite.Package, named);
        foreach (var package in named.Concat(platforms.Select(PostgresBinaries.Package)))
        {
            Assert.True(package.Lock is not null, package.Name);
            var packages = JsonNode.Parse(package.Lock)!["packages"]!.AsObject();
            Assert.Equal(package.Version, (string?)packages[""]!["dependencies"]![package.Name]);
            Assert.Equal(package.Version, (string?)packages["node_modules/" + package.Name]!["version"]);
            Assert.All(packages.Where(entry => entry.Key.Length > 0), entry =>
                Assert.StartsWith("sha512-", (string?)entry.Value!["integrity"], StringComparison.Ordinal));
            Assert.DoesNotContain("\"resolved\"", package.Lock, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task
        A_package_with_other_bytes_than_its_lock_says_is_refused_and_an_installation_tells_that_it_is_under_way()
    {
        var said = new Lines();
        var right = await GetAsync("right", Integrity, said);
        Assert.True(File.Exists(Path.Combine(right, "index.js")));
        // npm takes far longer than a millisecond, and says nothing itself.
        Assert.StartsWith($"Getting {Name} {Version} with npm", said[0], StringComparison.Ordinal);
        Assert.Matches($"^  still getting {Name}: [0-9]+ MB after [0-9]+ s$", said[1]);

        var failure = await Assert.ThrowsAsync<StartupFailure>(
            () => GetAsync("wrong", "sha512-" + new string('A', 86) + "=="));
        Assert.Contains("EINTEGRITY", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(Path.Combine(_folder.FullName, "wrong"), Name + "-" + Version));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private Task<string> GetAsync(string root, string integrity, IProgress<string>? said = null)
    {
        var text = $$$"""
            {"lockfileVersion":3,"requires":true,"packages":{
              "":{"dependencies":{"{{{Name}}}":"{{{Version}}}" } },
              "node_modules/{{{Name}}}":{"version":"{{{Version}}}","integrity":"{{{integrity}}}" } } }
            """;
        return new NpmPackage(Name, Version) { Lock = text, ProgressInterval = TimeSpan.FromMilliseconds(1) }.GetAsync(
            Path.Combine(_folder.FullName, root), (_, _) => Task.CompletedTask, said, CancellationToken.None)
            .Within(TimeSpan.FromMinutes(5));
    }

    private sealed class Lines : List<string>, IProgress<string>
    {
        public void Report(string value) => Add(value);
    }
}
