using System.Diagnostics;
using System.Globalization;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>
/// The Durable Streams protocol's reference server. It runs in Node and keeps its streams in files; npm gets it once.
/// </summary>
internal static class ReferenceServer
{
    private const string Script = "durable_streams_app.mjs";

    private static readonly NpmPackage Package = new("@durable-streams/server", "0.3.7");

    /// <summary>Its package and version.</summary>
    public static string Name => $"{Package.Name} {Package.Version}";

    /// <summary>Starts it without streams.</summary>
    /// <param name="statePath">
    /// The folder for what outlives a run. The streams are in it, too, and are deleted after the run.
    /// </param>
    /// <param name="cancellation">When it is cancelled, the server is stopped again.</param>
    /// <exception cref="MissingPeerException">Node or the package cannot be had.</exception>
    public static async Task<ServerProcess> StartAsync(string statePath, CancellationToken cancellation)
    {
        var script = await InstallAsync(statePath, cancellation);
        var port = ServerPorts.Next();
        var folder = Directory.CreateDirectory(
            Path.Combine(statePath, "throw-away-streams", Guid.NewGuid().ToString("N"))).FullName;
        var start = new ProcessStartInfo(NodeJs.Program, [script])
        {
            Environment =
            {
                [PeerFiles.FolderVariable] = folder,
                [PeerFiles.PortVariable] = port.ToString(CultureInfo.InvariantCulture),
            },
        };
        return await ServerProcess.StartAsync(start, port, hasChildren: false, cancellation, folder);
    }

    private static async Task<string> InstallAsync(string statePath, CancellationToken cancellation)
    {
        try
        {
            var package = await Package.GetAsync(
                Path.Combine(statePath, "npm"), (_, _) => Task.CompletedTask, ConsoleLines.Out, cancellation);

            // Node looks for packages from a module's own folder upwards. The package's name has two parts.
            var script = Path.Combine(package, "..", "..", "..", Script);
            File.Copy(Path.Combine(PeerFiles.Folder, Script), script, overwrite: true);
            return script;
        }
        catch (StartupFailure e)
        {
            throw new MissingPeerException(e.Message, e);
        }
    }
}
