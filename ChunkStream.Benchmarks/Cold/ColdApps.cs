using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Benchmarks.Cold;

/// <summary>A function app to start.</summary>
/// <param name="What">What it is, in the words of the tables.</param>
/// <param name="Folder">Where it is: the folder with worker.config.json.</param>
/// <param name="IsEmpty">Whether it has but one function, which answers with a text.</param>
internal sealed record ColdApp(string What, string Folder, bool IsEmpty = false)
{
    /// <summary>How many bytes its folder has.</summary>
    public long Bytes
        => new DirectoryInfo(Folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}

/// <summary>Makes the apps: with the SDK, as their developers do.</summary>
internal static class ColdApps
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>The empty app, the repository's as it is built, and as it is published.</summary>
    /// <param name="published">The folder of the latter, if it is there already.</param>
    /// <param name="folder">Where to publish to.</param>
    /// <param name="cancellation">Ends the making.</param>
    public static async Task<IReadOnlyList<ColdApp>> MakeAsync(
        string? published, string folder, CancellationToken cancellation)
    {
        var repository = ResultFile.Repository();
        var ours = Path.Combine(repository, "ChunkStream.Functions");
        var empty = Path.Combine(repository, "ChunkStream.Benchmarks", "Cold", "EmptyApp");
        await DotnetAsync(ours, cancellation, "build", "-c", "Release");
        return
        [
            new("an empty function app, published alike", await PublishAsync(empty, "empty"), IsEmpty: true),
            new("as `dotnet build` makes it", Path.Combine(ours, "bin", "Release", "net10.0")),
            new("**as `dotnet publish` makes it**", published ?? await PublishAsync(ours, "published")),
        ];

        async Task<string> PublishAsync(string project, string name)
        {
            var output = Path.Combine(folder, name);
            await DotnetAsync(project, cancellation, "publish", "-o", output);
            return output;
        }
    }

    private static Task<string> DotnetAsync(string project, CancellationToken cancellation, params string[] arguments)
    {
        Console.Out.WriteLine($"{Path.GetFileName(project)}: dotnet {string.Join(' ', arguments)}");
        return new ChildProcess("dotnet", [.. arguments, "--nologo", "--verbosity", "quiet"])
        {
            WorkingDirectory = project,
            Timeout = Limit,
        }.RunToSuccessAsync(cancellation);
    }
}
