using System.CommandLine;
using ChunkStream.Benchmarks.E2e;

namespace ChunkStream.Benchmarks.Cold;

/// <summary>The command <c>cold</c>: its options and its help.</summary>
internal static class ColdCommand
{
    public const string Name = "cold";

    private const int MostRounds = 100;

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<ColdSettings, CancellationToken, Task<int>> run)
    {
        var rounds = CommandOptions.Number(
            "--rounds", "Measured starts of each app for each request, after one that is not.", 10, 1, MostRounds);
        var published = new Option<string?>("--published")
        {
            Description = "The folder of a published function app. Default: the repository's is published.",
            HelpName = "folder",
        };
        var output = CommandOptions.Output(Name);

        var command = new Command(
            Name, "Measures how long a new instance of the function app takes to its first byte, beside an empty one.")
        {
            rounds, published, output,
        };
        command.SetAction((result, cancellation) => run(
            new ColdSettings(
                result.GetValue(rounds),
                result.GetValue(published),
                result.GetValue(output),
                CommandOptions.Typed(result)),
            cancellation));
        return command;
    }
}
