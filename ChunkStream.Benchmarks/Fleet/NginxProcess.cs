using System.Diagnostics;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.E2e.Report;
using ChunkStream.Benchmarks.E2e.Servers;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>nginx before the instances, with the configuration that is for users (<c>deploy/nginx</c>).</summary>
internal sealed class NginxProcess : IAsyncDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("chunkstream-nginx-");
    private ServerProcess? _server;

    private NginxProcess() => Port = ServerPorts.Next();

    /// <summary>Where it listens on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Starts it before the instances on these ports.</summary>
    /// <exception cref="MissingPeerException">The machine has no nginx.</exception>
    public static async Task<NginxProcess> StartAsync(IEnumerable<int> ports, CancellationToken cancellation)
    {
        var nginx = new NginxProcess();
        var folder = nginx._folder.FullName;

        // The workers of an nginx that root starts are another user's.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);
        var deployed = Path.Combine(ResultFile.Repository(), "deploy", "nginx", "nginx.conf");
        var configuration = (await File.ReadAllTextAsync(deployed, cancellation))
            .Replace("listen 8080;", $"listen 127.0.0.1:{nginx.Port};", StringComparison.Ordinal)
            .Replace("/tmp/", $"{folder}/", StringComparison.Ordinal)
            .Replace("error_log stderr", $"error_log {folder}/error.log", StringComparison.Ordinal);
        var file = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(file, configuration, cancellation);
        await nginx.WriteAsync(ports, cancellation);
        try
        {
            nginx._server = await ServerProcess.StartAsync(
                new ProcessStartInfo(
                    "nginx", ["-p", folder, "-e", $"{folder}/error.log", "-c", file, "-g", "daemon off;"]),
                nginx.Port,
                hasChildren: true,
                cancellation,
                folder);
            return nginx;
        }
        catch (LocalHost.StartupFailure e)
        {
            throw new MissingPeerException($"nginx does not run (Debian: apt-get install nginx-light): {e.Message}");
        }
    }

    /// <summary>Gives new requests to the instances on these ports; returns when that is so.</summary>
    public async Task ReloadAsync(IEnumerable<int> ports, CancellationToken cancellation)
    {
        await WriteAsync(ports, cancellation);
        var old = Workers();
        await new ChildProcess("kill", "-HUP", $"{_server!.Id}").RunToSuccessAsync(cancellation);
        while (!Workers().Except(old).Any() || !Array.TrueForAll(old, IsLeaving))
            await Task.Delay(Poll, cancellation);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private Task WriteAsync(IEnumerable<int> ports, CancellationToken cancellation) => File.WriteAllLinesAsync(
        Path.Combine(_folder.FullName, "instances.conf"),
        ports.Select(port => $"server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;"),
        cancellation);

    private string[] Workers() => File.ReadAllText($"/proc/{_server!.Id}/task/{_server.Id}/children")
        .Split(' ', StringSplitOptions.RemoveEmptyEntries);

    // nginx says so in the title of the process. One that has left has none.
    private static bool IsLeaving(string worker)
    {
        try
        {
            var title = File.ReadAllText($"/proc/{worker}/cmdline");
            return title.Length == 0 || title.Contains("shutting down", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }
}
