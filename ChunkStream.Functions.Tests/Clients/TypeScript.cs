using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Clients;

/// <summary>TypeScript's compiler, beside <c>chunkstream-client</c>.</summary>
internal static class TypeScript
{
    /// <summary>Makes a folder in which it is installed.</summary>
    public static Task<NodeFolder> FolderAsync() => NodeFolder.WithAsync("typescript", "5.9.3");

    /// <summary>Checks files of such a folder, strictly; gives what is wrong with them, or an empty text.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="arguments">The files, and options beside the usual ones.</param>
    public static async Task<string> MistakesAsync(NodeFolder folder, params string[] arguments)
    {
        await using var compiler = RunningProgram.Start(
            "node",
            [
                Path.Combine("node_modules", "typescript", "bin", "tsc"), "--noEmit", "--strict", "--module",
                "nodenext", "--target", "es2023", .. arguments,
            ],
            folder.Path);
        var (exitCode, output, errors) = await compiler.EndAsync();
        Assert.Equal("", errors);
        Assert.Equal(exitCode == 0, output == "");
        return output;
    }
}
