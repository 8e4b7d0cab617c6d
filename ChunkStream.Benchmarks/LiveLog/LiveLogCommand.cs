using System.CommandLine;
using ChunkStream.Benchmarks.E2e;

namespace ChunkStream.Benchmarks.LiveLog;

/// <summary>The command <c>live-log</c>: its options and its help.</summary>
internal static class LiveLogCommand
{
    public const string Name = "live-log";

    private const int MostRounds = 100;

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<LiveLogSettings, CancellationToken, Task<int>> run)
    {
        var rounds = CommandOptions.Number(
            "--rounds", "Measured runs of each case on each table, after one that is not.", 15, 1, MostRounds);
        var output = CommandOptions.Output(Name);

        var command = new Command(Name, "Measures what a write to a table of live queries costs more than to another.")
        {
            rounds, output,
        };
        command.SetAction((result, cancellation) => run(
            new LiveLogSettings(result.GetValue(rounds), result.GetValue(output), CommandOptions.Typed(result)),
            cancellation));
        return command;
    }
}
