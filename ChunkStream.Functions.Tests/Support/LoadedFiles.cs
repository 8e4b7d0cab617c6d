namespace ChunkStream.Functions.Tests.Support;

/// <summary>What a process has loaded.</summary>
internal static class LoadedFiles
{
    /// <summary>
    /// Fails if the process has loaded an assembly of OpenTelemetry, or the one that logs in to its receiver. On
    /// systems that don't tell, it says nothing.
    /// </summary>
    public static void AssertNoTelemetry(int processId)
    {
        if (!OperatingSystem.IsLinux())
            return;

        var loaded = File.ReadLines($"/proc/{processId}/maps")
            .Select(line => Path.GetFileName(line.Split(' ')[^1]))
            .Where(name => name.EndsWith(".dll", StringComparison.Ordinal))
            .ToHashSet();
        Assert.Contains("ChunkStream.App.dll", loaded);
        Assert.DoesNotContain(
            loaded,
            name => name.Contains("OpenTelemetry", StringComparison.Ordinal)
                || name is "Azure.Identity.dll");
    }
}
