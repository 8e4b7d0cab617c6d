using System.Globalization;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.LocalHost.Demo;
using Npgsql;

namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>What is measured: the real local host, as users start it.</summary>
internal static class LocalHostServer
{
    /// <summary>The prefix of its routes.</summary>
    public const string Api = "/api";

    // More than the readers that come at once; Npgsql's default of 100 would make half of them wait.
    private const int Connections = 250;

    /// <summary>Starts it on a database.</summary>
    public static Task<ServerProcess> StartAsync(TestDatabase database, CancellationToken cancellation)
    {
        var port = ServerPorts.Next();
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString) { MaxPoolSize = Connections };
        var start = DotnetProgram.Of(
            typeof(DemoData).Assembly,
            "--port", port.ToString(CultureInfo.InvariantCulture),
            "--database", connection.ConnectionString);
        return ServerProcess.StartAsync(start, port, hasChildren: false, cancellation);
    }
}
