using System.CommandLine;
using ChunkStream.LocalHost;

namespace ChunkStream.Benchmarks.Served;

/// <summary>
/// The command <c>serve</c>: it runs this program as the local host, with the generators that are measured.
/// </summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    /// <summary>
    /// The command. It runs the local host's own code, with the runtime settings that this program shares with it.
    /// </summary>
    public static Command Create()
    {
        var port = new Option<int>("--port") { Required = true };
        var database = new Option<string>("--database") { Required = true };
        var command = new Command(Name, "Serves the local host's endpoints and the generators that are measured.")
        {
            port, database,
        };
        command.Hidden = true;
        command.SetAction((result, cancellation) => LocalHostRun.RunAsync(
            new LocalApp().Add(ServedGenerators.Add),
            new RunSettings(RunMode.Web, result.GetRequiredValue(port), Rows: null, result.GetRequiredValue(database)),
            cancellation));
        return command;
    }
}
