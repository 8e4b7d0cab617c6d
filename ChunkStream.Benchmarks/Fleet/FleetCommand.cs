using System.CommandLine;
using ChunkStream.Benchmarks.E2e;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary>The command <c>fleet</c>: its options and its help.</summary>
internal static class FleetCommand
{
    public const string Name = "fleet";

    private const int Usual = 200;
    private const int Least = 20;

    // Each stream of rows has a database connection, and each instance at most 58 of them.
    private const int Most = 232;

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<FleetSettings, CancellationToken, Task<int>> run)
    {
        var streams = CommandOptions.Number(
            "--streams",
            $"How many streams are open, {Least}–{Most}: seven tenths of them rows of a query, two tenths live readers "
            + "of durable streams, one tenth writers.",
            Usual,
            Least,
            Most);
        var output = CommandOptions.Output(Name);

        var command = new Command(
            Name, "Replaces three instances behind nginx while streams are open, and measures what clients notice.")
        {
            streams, output,
        };
        command.SetAction((result, cancellation) => run(
            new FleetSettings(
                result.GetValue(streams),
                result.GetValue(output),
                CommandOptions.Typed(result)),
            cancellation));
        return command;
    }
}
