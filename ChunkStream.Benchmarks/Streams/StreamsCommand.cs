using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace ChunkStream.Benchmarks.Streams;

/// <summary>The command <c>streams</c>: its options and its help.</summary>
internal static class StreamsCommand
{
    public const string Name = "streams";

    private const int MostRounds = 100;

    // A live response ends after about a minute, and some of that passes until all have joined.
    private const int MostSeconds = 30;

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<StreamsSettings, CancellationToken, Task<int>> run)
    {
        var rounds = Whole("--rounds", "Measured runs of each case, after one that is not.", 3, MostRounds);
        var seconds = Whole("--seconds", "How long is written, in the cases that write for a time.", 5, MostSeconds);
        var megabytes = Whole("--megabytes", "How much is read, in the cases that catch up.", 100, 10_000);
        var readers = Whole("--readers", "How many follow one stream, in the group readers.", 2_000, 5_000);
        var only = new Option<string?>("--only")
        {
            Description = "Only these cases or groups of cases, with commas in between.",
            HelpName = "name,name",
        };
        var output = new Option<string?>("--output")
        {
            Description = "The file of the results. Default: ChunkStream.Benchmarks/results/<date>-streams.md.",
            HelpName = "file",
        };

        var command = new Command(
            Name, "Measures durable streams in the local host, beside the protocol's reference server.")
        {
            rounds, seconds, megabytes, readers, only, output,
        };
        command.SetAction((result, cancellation) => run(
            new StreamsSettings(
                result.GetValue(rounds),
                result.GetValue(seconds),
                result.GetValue(megabytes),
                result.GetValue(readers),
                result.GetValue(only)?.Split(',', StringSplitOptions.TrimEntries) ?? [],
                result.GetValue(output),
                string.Join(' ', result.Tokens.Select(token => token.Value))),
            cancellation));
        return command;
    }

    private static Option<int> Whole(string name, string description, int usual, int most)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result => RequireRange(result, name, most));
        return option;
    }

    private static void RequireRange(OptionResult result, string name, int most)
    {
        if (result.Tokens.Count == 1
            && int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var value)
            && (value < 1 || value > most))
        {
            result.AddError($"{name} is {value}; it must be 1–{most}.");
        }
    }
}
