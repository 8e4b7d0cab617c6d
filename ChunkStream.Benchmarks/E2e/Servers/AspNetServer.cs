using System.Globalization;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.Peers;

namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>The plain ways of ASP.NET Core, served by this program in a process of its own.</summary>
internal static class AspNetServer
{
    /// <summary>Starts it on a database.</summary>
    public static Task<ServerProcess> StartAsync(TestDatabase database, CancellationToken cancellation)
    {
        var port = ServerPorts.Next();
        var start = DotnetProgram.Of(
            typeof(AspNetPeer).Assembly,
            PeerCommand.Name,
            "--port", port.ToString(CultureInfo.InvariantCulture),
            "--database", database.ConnectionString);
        return ServerProcess.StartAsync(start, port, hasChildren: false, cancellation);
    }
}
