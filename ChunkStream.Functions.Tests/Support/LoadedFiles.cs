namespace ChunkStream.Functions.Tests.Support;

/// <summary>What a process has loaded.</summary>
internal static class LoadedFiles
{
    /// <summary>
    /// Fails if the process has loaded an assembly of OpenTelemetry, the one that logs in to its receiver, or those
    /// that read access tokens. On systems that don't tell, it says nothing.
    /// </summary>
    public static void AssertNothingUnused(int processId)
    {
        if (!OperatingSystem.IsLinux())
            return;

        var loaded = Of(processId);
        Assert.Contains("ChunkStream.App.dll", loaded);
        Assert.DoesNotContain(
            loaded,
            name => name.Contains("OpenTelemetry", StringComparison.Ordinal)
                || name.Contains("IdentityModel", StringComparison.Ordinal)
                || name is "Azure.Identity.dll");
    }

    /// <summary>The names of the assemblies that a process has loaded, on Linux.</summary>
    public static IReadOnlySet<string> Of(int processId)
        => File.ReadLines($"/proc/{processId}/maps")
            .Select(line => Path.GetFileName(line.Split(' ')[^1]))
            .Where(name => name.EndsWith(".dll", StringComparison.Ordinal))
            .ToHashSet();
}
