using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>
/// A program of Clients/Frameworks/Programs with <c>chunkstream-client</c> and the frameworks that it uses, in one file,
/// as a frontend's build makes it.
/// </summary>
internal static class FrameworkBundle
{
    /// <summary>Bundles a program; gives the text.</summary>
    /// <param name="program">The program's name.</param>
    /// <param name="platform">Where it runs: <c>node</c> or <c>browser</c>.</param>
    /// <param name="snippets">Modules beside it: their names and their code.</param>
    public static async Task<string> CreateAsync(
        string program, string platform, params (string Name, string Code)[] snippets)
    {
        string[] frameworks = ["ChunkStream.Functions.Tests", "Clients", "Frameworks"];
        var packages = Path.Combine(await NodeProject.InstalledAsync(frameworks), "node_modules");
        using var folder = new NodeFolder();
        folder.Write(
            program,
            await File.ReadAllTextAsync(Path.Combine([Repository.Root, .. frameworks, "Programs", program])));
        foreach (var (name, code) in snippets)
            folder.Write(name, code);

        await using var bundler = RunningProgram.Start(
            "node",
            [
                Path.Combine(packages, "esbuild", "bin", "esbuild"), program, "--bundle", "--jsx=automatic",
                "--format=esm", $"--platform={platform}", "--define:process.env.NODE_ENV=\"development\"",
                "--log-level=warning", "--outfile=bundle.mjs",
            ],
            folder.Path,
            ("NODE_PATH", packages));
        var (exitCode, output, errors) = await bundler.EndAsync();
        Assert.True(exitCode == 0, output + errors);
        return await File.ReadAllTextAsync(Path.Combine(folder.Path, "bundle.mjs"));
    }

    /// <summary>A snippet of docs/clients.md, with another server's address.</summary>
    public static (string Name, string Code) Snippet(string name, string origin)
        => (name, Clients.Snippet.Named(name).Code.Replace(Clients.Snippet.Server, origin, StringComparison.Ordinal));
}
