using System.Reflection;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.Infra;

/// <summary>The Bicep compiler, at work on a copy of infra/.</summary>
internal static class Bicep
{
    /// <summary>The compiler, which the restore of the tests downloads; null where it does not.</summary>
    public static string? Program { get; } = typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == "Bicep").Value is { } path && File.Exists(path) ? path : null;

    /// <summary>The folder of the templates.</summary>
    public static string Folder { get; } = Path.Combine(Repository.Root, "infra");

    // Names are derived from these. They stand in the snapshot.
    private static readonly (string, string)[] Environment =
        [("AZURE_ENV_NAME", "dev"), ("AZURE_LOCATION", "westeurope"), ("DEPLOYER_IP", "203.0.113.7")];

    private static readonly string[] Place =
    [
        "--subscription-id", "00000000-0000-0000-0000-000000000001", "--tenant-id",
        "00000000-0000-0000-0000-000000000002", "--location", "westeurope",
    ];

    /// <summary>
    /// What would be deployed with these environment variables, as JSON; null where the template itself refuses, and
    /// then its words are among the messages.
    /// </summary>
    public static Task<(string? Snapshot, string Messages)> SnapshotAsync(
        params (string Name, string Value)[] environment)
        => SnapshotAsync(template: null, parameters: null, environment);

    /// <summary>The same of another main template, which has the rest of the folder beside it.</summary>
    public static Task<(string? Snapshot, string Messages)> SnapshotOfAsync(string template, string parameters)
        => SnapshotAsync(template, parameters, []);

    private static async Task<(string? Snapshot, string Messages)> SnapshotAsync(
        string? template, string? parameters, (string Name, string Value)[] environment)
    {
        var copy = Directory.CreateTempSubdirectory("chunkstream-infra-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(copy, "modules"));
            foreach (var file in Directory.GetFiles(Folder, "*bicep*").Concat(
                Directory.GetFiles(Path.Combine(Folder, "modules"), "*.bicep")))
                File.Copy(file, Path.Combine(copy, Path.GetRelativePath(Folder, file)));
            if (template is not null)
                await File.WriteAllTextAsync(Path.Combine(copy, "main.bicep"), template);
            if (parameters is not null)
                await File.WriteAllTextAsync(Path.Combine(copy, "main.bicepparam"), parameters);

            var (_, _, errors) = await RunAsync(
                ["snapshot", Path.Combine(copy, "main.bicepparam"), "--mode", "overwrite", .. Place], environment);
            var snapshot = Path.Combine(copy, "main.snapshot.json");
            return (File.Exists(snapshot) ? await File.ReadAllTextAsync(snapshot) : null, errors);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>Runs the compiler; it says what is wrong on its standard error.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string[] arguments, params (string Name, string Value)[] environment)
    {
        await using var run = RunningProgram.Start(
            Program ?? throw new FileNotFoundException(BicepFactAttribute.Missing), arguments, Folder,
            [.. Environment, .. environment]);
        return await run.EndAsync();
    }
}

/// <summary>A test that needs the Bicep compiler, which is checked on Linux for x64.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BicepFactAttribute : FactAttribute
{
    internal const string Missing =
        "The Bicep compiler is only downloaded on Linux for x64: see ChunkStream.Functions.Tests.csproj.";

    public BicepFactAttribute()
    {
        if (Bicep.Program is null && !Optional.IsEverythingRequired)
            Skip = Missing;
    }
}
