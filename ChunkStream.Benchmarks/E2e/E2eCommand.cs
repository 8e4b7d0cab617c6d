using System.CommandLine;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>The command <c>e2e</c>: its options and its help.</summary>
internal static class E2eCommand
{
    public const string Name = "e2e";

    private const long MostRows = 100_000_000;
    private const int MostRounds = 100;

    // Each stream has a connection to Postgres, which takes 300 here.
    private const int MostConcurrent = 250;

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<E2eSettings, CancellationToken, Task<int>> run)
    {
        var rows = CommandOptions.Number(
            "--rows", "Rows of the table that all contestants read.", 1_000_000, 1, MostRows);
        var rounds = CommandOptions.Number(
            "--rounds", "Measured runs of each case, after one that is not.", 5, 1, MostRounds);
        var concurrent = CommandOptions.Number(
            "--concurrent", "Streams that are read at once in the case many-streams.", 64, 2, MostConcurrent);
        var large = new Option<bool>("--large")
        {
            Description = "Stream ten million rows too, for the peak memory. Needs 5 GB of disk, and minutes.",
        };
        var only = CommandOptions.Only();
        var output = CommandOptions.Output(Name);

        var command = new Command(
            Name, "Measures ChunkStream's local host end to end, beside psql and every peer that this machine has.")
        {
            rows, rounds, concurrent, large, only, output,
        };
        command.SetAction((result, cancellation) => run(
            new E2eSettings(
                result.GetValue(rows),
                result.GetValue(rounds),
                result.GetValue(concurrent),
                result.GetValue(large),
                CommandOptions.Names(result.GetValue(only)),
                result.GetValue(output),
                CommandOptions.Typed(result)),
            cancellation));
        return command;
    }
}
