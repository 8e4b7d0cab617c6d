using System.Globalization;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.LocalHost.Demo;

namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>What is measured: the real local host, as users start it.</summary>
internal static class LocalHostServer
{
    /// <summary>The prefix of its routes.</summary>
    public const string Api = "/api";

    /// <summary>Starts it on a database.</summary>
    public static Task<ServerProcess> StartAsync(TestDatabase database, CancellationToken cancellation)
    {
        var port = ServerPorts.Next();
        var start = DotnetProgram.Of(
            typeof(DemoData).Assembly,
            "--port", port.ToString(CultureInfo.InvariantCulture),
            "--database", database.ConnectionString);
        return ServerProcess.StartAsync(start, port, hasChildren: false, cancellation);
    }
}
