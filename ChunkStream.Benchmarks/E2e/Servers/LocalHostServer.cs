using System.Globalization;
using ChunkStream.Benchmarks.E2e.Processes;
using ChunkStream.Benchmarks.Served;

namespace ChunkStream.Benchmarks.E2e.Servers;

/// <summary>
/// The server that is measured: the local host as users start it, but with the benchmarks' generators and query.
/// </summary>
internal static class LocalHostServer
{
    /// <summary>The prefix of its routes.</summary>
    public const string Api = "/api";

    /// <summary>Starts it on a database.</summary>
    public static Task<ServerProcess> StartAsync(TestDatabase database, CancellationToken cancellation) =>
        StartAsync(database.ConnectionString, cancellation);

    /// <summary>Starts it on a database, with settings of its own.</summary>
    public static Task<ServerProcess> StartAsync(
        string connectionString, CancellationToken cancellation, params (string Name, string Value)[] settings)
    {
        var port = ServerPorts.Next();
        var start = DotnetProgram.Of(
            typeof(ServeCommand).Assembly,
            ServeCommand.Name,
            "--port", port.ToString(CultureInfo.InvariantCulture),
            "--database", connectionString);
        start.Environment["ChunkStream__QueriesPath"] = Path.Combine(AppContext.BaseDirectory, "Served", "queries");
        start.Environment["ChunkStream__DefaultQuery"] = BenchmarkTable.Name;
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        return ServerProcess.StartAsync(start, port, hasChildren: false, cancellation);
    }
}
