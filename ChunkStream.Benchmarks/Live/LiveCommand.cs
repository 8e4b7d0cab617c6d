using System.CommandLine;
using ChunkStream.Benchmarks.E2e;

namespace ChunkStream.Benchmarks.Live;

/// <summary>The command <c>live</c>: its options and its help.</summary>
internal static class LiveCommand
{
    public const string Name = "live";

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<LiveSettings, CancellationToken, Task<int>> run)
    {
        var seconds = CommandOptions.Number("--seconds", "For how long each case is measured.", 10, 1, 60);
        var output = CommandOptions.Output(Name);
        var command = new Command(
            Name, "Measures how long a commit takes to the readers of live queries, and what many readers cost.")
        {
            seconds, output,
        };
        command.SetAction((result, cancellation) => run(
            new LiveSettings(
                result.GetValue(seconds), result.GetValue(output), CommandOptions.Typed(result)),
            cancellation));
        return command;
    }
}

/// <summary>What is asked of the command.</summary>
/// <param name="Seconds">For how long each case is measured.</param>
/// <param name="Output">Where the results go; null for a file of today's date.</param>
/// <param name="CommandLine">The command line as it was typed.</param>
internal sealed record LiveSettings(int Seconds, string? Output, string CommandLine);
