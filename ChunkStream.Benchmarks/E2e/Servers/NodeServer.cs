using System.Diagnostics;
using System.Globalization;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.LocalHost;
using ChunkStream.LocalHost.Embedded;

namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>Node with pg-query-stream, which npm gets once into the state folder.</summary>
internal static class NodeServer
{
    private const string Script = "node_app.mjs";

    private const string Driver = "pg@8.23.1";

    private static readonly NpmPackage Package = new("pg-query-stream", "4.17.0") { ExtraArguments = [Driver] };

    /// <summary>Its packages and their versions.</summary>
    public static string Packages => $"{Driver}, {Package.Name}@{Package.Version}";

    /// <summary>Starts it on a database.</summary>
    /// <exception cref="MissingPeerException">Node or its packages cannot be had.</exception>
    public static async Task<ServerProcess> StartAsync(TestDatabase database, CancellationToken cancellation)
    {
        var script = await InstallAsync(database.StatePath, cancellation);
        var port = ServerPorts.Next();
        var start = new ProcessStartInfo(NodeJs.Program, [script])
        {
            Environment =
            {
                [PeerFiles.DatabaseVariable] = database.Url,
                [PeerFiles.PortVariable] = port.ToString(CultureInfo.InvariantCulture),
            },
        };
        return await ServerProcess.StartAsync(start, port, hasChildren: false, cancellation);
    }

    private static async Task<string> InstallAsync(string statePath, CancellationToken cancellation)
    {
        try
        {
            var package = await Package.GetAsync(
                Path.Combine(statePath, "npm"), (_, _) => Task.CompletedTask, ConsoleLines.Out, cancellation);

            // Node looks for a module's packages from the module's own folder upwards.
            var script = Path.Combine(package, "..", "..", Script);
            File.Copy(Path.Combine(PeerFiles.Folder, Script), script, overwrite: true);
            return script;
        }
        catch (StartupFailure e)
        {
            throw new MissingPeerException(e.Message, e);
        }
    }
}
