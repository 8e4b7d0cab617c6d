using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>
/// A program of Clients/Frameworks/Programs with <c>chunkstream-client</c> and the frameworks that it uses, in one
/// file, as a frontend's build makes it.
/// </summary>
internal static class FrameworkBundle
{
    private static readonly string[] Frameworks = ["ChunkStream.Functions.Tests", "Clients", "Frameworks"];

    /// <summary>Bundles a program; gives the text.</summary>
    /// <param name="program">The program's name.</param>
    /// <param name="platform">Where it runs: <c>node</c> or <c>browser</c>.</param>
    /// <param name="snippets">Modules beside it: their names and their code.</param>
    public static async Task<string> CreateAsync(
        string program, string platform, params (string Name, string Code)[] snippets)
    {
        var packages = Path.Combine(await NodeProject.InstalledAsync(Frameworks), "node_modules");
        using var folder = new NodeFolder();
        folder.Write(program, await CodeAsync(program));
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

    /// <summary>Checks modules of TypeScript against the types of the package and of the frameworks.</summary>
    public static async Task CheckTypesAsync(params string[] programs)
    {
        var packages = Path.Combine(await NodeProject.InstalledAsync(Frameworks), "node_modules");
        using var folder = await TypeScript.FolderAsync();
        foreach (var program in programs)
            folder.Write(program, await CodeAsync(program));
        var types = Path.Combine(packages, "@tanstack", "db", "dist", "esm", "index.d.ts");
        folder.Write(
            "tsconfig.json",
            new JsonObject
            {
                ["compilerOptions"] = new JsonObject
                {
                    // TanStack DB's own types are not strict in every way.
                    ["skipLibCheck"] = true,
                    ["paths"] = new JsonObject { ["@tanstack/db"] = new JsonArray(types.Replace('\\', '/')) },
                },
            }.ToJsonString());
        Assert.Equal("", await TypeScript.MistakesAsync(folder, "--project", "tsconfig.json"));
    }

    private static Task<string> CodeAsync(string program)
        => File.ReadAllTextAsync(Path.Combine([Repository.Root, .. Frameworks, "Programs", program]));

    /// <summary>A snippet of docs/clients.md, with another server's address.</summary>
    public static (string Name, string Code) Snippet(string name, string origin)
        => (name, Clients.Snippet.Named(name).Code.Replace(Clients.Snippet.Server, origin, StringComparison.Ordinal));
}
