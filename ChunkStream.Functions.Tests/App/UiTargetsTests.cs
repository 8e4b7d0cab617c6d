using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.App;

/// <summary>What the build says where the page's libraries can't be had.</summary>
public sealed class UiTargetsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chunkstream-ui-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Where_npm_is_missing_the_build_says_what_to_install_and_that_alone()
    {
        foreach (var file in new[] { "ui.targets", "package.json", "package-lock.json" })
            File.Copy(Path.Combine(Repository.Root, "ui", file), Path.Combine(_folder, file));

        // The PATH is one folder with nothing in it but the shell in which MSBuild runs commands.
        // On Windows, MSBuild finds its shell without the PATH.
        var path = Directory.CreateDirectory(Path.Combine(_folder, "path")).FullName;
        if (!OperatingSystem.IsWindows())
            File.CreateSymbolicLink(Path.Combine(path, "sh"), "/bin/sh");
        await using var build = RunningProgram.Start(
            "dotnet", ["msbuild", "ui.targets", "-target:RestoreUiPackages", "-nologo", "-nodeReuse:false"], _folder,
            ("PATH", path), ("DOTNET_CLI_UI_LANGUAGE", "en"));
        var (exitCode, output, _) = await build.EndAsync();

        Assert.NotEqual(0, exitCode);
        var error = Assert.Single(output.Split('\n'), line => line.Contains(": error", StringComparison.Ordinal));
        Assert.Contains("npm could not get the libraries of the page in ui/", error, StringComparison.Ordinal);
        Assert.Contains(
            "needs Node.js 20 or newer with npm on the PATH (https://nodejs.org)", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "node_modules")));
    }
}
