using System.CommandLine;

namespace ChunkStream.Benchmarks.Peers;

/// <summary>The command <c>peer</c>: it runs this program as one of the servers that are measured.</summary>
internal static class PeerCommand
{
    public const string Name = "peer";

    /// <summary>The command, which runs <paramref name="run"/> with its port and connection string.</summary>
    public static Command Create(Func<int, string, CancellationToken, Task<int>> run)
    {
        var port = new Option<int>("--port") { Required = true };
        var database = new Option<string>("--database") { Required = true };
        var command = new Command(Name, "Serves the same rows in the plain ways of ASP.NET Core.")
        {
            port, database,
        };
        command.Hidden = true;
        command.SetAction((result, cancellation) =>
            run(result.GetRequiredValue(port), result.GetRequiredValue(database), cancellation));
        return command;
    }
}
