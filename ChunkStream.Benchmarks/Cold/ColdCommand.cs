using System.CommandLine;

namespace ChunkStream.Benchmarks.Cold;

/// <summary><c>cold</c>: its options and help.</summary>
internal static class ColdCommand
{
    public const string Name = "cold";

    private const int MostRounds = 100;

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<ColdSettings, CancellationToken, Task<int>> run)
    {
        var rounds = new Option<int>("--rounds")
        {
            Description = "Measured starts of each app for each request, after one that is not.",
            DefaultValueFactory = _ => 10,
        };
        rounds.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1
                && int.TryParse(result.Tokens[0].Value, out var value)
                && value is < 1 or > MostRounds)
            {
                result.AddError($"--rounds is {value}; it must be 1–{MostRounds}.");
            }
        });
        var published = new Option<string?>("--published")
        {
            Description = "The folder of a published function app. Default: the repository's is published.",
            HelpName = "folder",
        };
        var output = new Option<string?>("--output")
        {
            Description = "The file of the results. Default: ChunkStream.Benchmarks/results/<date>-cold.md.",
            HelpName = "file",
        };

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
                string.Join(' ', result.Tokens.Select(token => token.Value))),
            cancellation));
        return command;
    }
}
