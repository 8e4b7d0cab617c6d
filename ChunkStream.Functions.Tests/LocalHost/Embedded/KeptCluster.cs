using ChunkStream.Functions.Tests.Support;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Functions.Tests.LocalHost.Embedded;

/// <summary>
/// A state folder of a test's own, with the programs that this machine has already; deleted with the test.
/// </summary>
public sealed class KeptCluster : IDisposable
{
    public KeptCluster()
    {
        // Inside the real one: where tests run as root the server's ordinary user can reach it.
        var real = Path.GetFullPath(
            Environment.GetEnvironmentVariable("ChunkStream__LocalHost__StatePath") ?? StateFolder.Default);
        var npm = StateFolder.Create(Path.Combine(StateFolder.Create(real), "npm"));
        StatePath = StateFolder.Create(Path.Combine(real, $"test-{Guid.NewGuid():N}"));
        if (!OperatingSystem.IsWindows())
            Directory.CreateSymbolicLink(Path.Combine(StatePath, "npm"), npm);
    }

    public string StatePath { get; }

    public string PasswordFile => Path.Combine(StatePath, "postgres.pgpass");

    public string Log => Path.Combine(StatePath, "postgres", "server.log");

    public int ServerProcess => int.Parse(
        File.ReadLines(Path.Combine(StatePath, "postgres", "data-18", "postmaster.pid")).First(), provider: null);

    internal Task<EmbeddedPostgres> StartAsync(IProgress<string>? progress = null)
        => EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                StatePath = StatePath,
                Settings = new Dictionary<string, string> { ["fsync"] = "off" },
            },
            progress).Within(TimeSpan.FromMinutes(5));

    public void Dispose()
    {
        if (!OperatingSystem.IsWindows())
            File.Delete(Path.Combine(StatePath, "npm"));
        Directory.Delete(StatePath, recursive: true);
    }
}
