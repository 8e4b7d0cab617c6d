using System.CommandLine;
using System.CommandLine.Parsing;

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
        var rows = new Option<long>("--rows")
        {
            Description = "Rows of the table that all contestants read.",
            DefaultValueFactory = _ => 1_000_000,
        };
        rows.Validators.Add(result => RequireRange(result, rows, 1, MostRows));
        var rounds = new Option<int>("--rounds")
        {
            Description = "Measured runs of each case, after one that is not.",
            DefaultValueFactory = _ => 5,
        };
        rounds.Validators.Add(result => RequireRange(result, rounds, 1, MostRounds));
        var concurrent = new Option<int>("--concurrent")
        {
            Description = "Streams that are read at once in the case many-streams.",
            DefaultValueFactory = _ => 64,
        };
        concurrent.Validators.Add(result => RequireRange(result, concurrent, 2, MostConcurrent));
        var large = new Option<bool>("--large")
        {
            Description = "Stream ten million rows too, for the peak memory. Needs 5 GB of disk, and minutes.",
        };
        var only = new Option<string?>("--only")
        {
            Description = "Only these cases or groups of cases, with commas in between.",
            HelpName = "name,name",
        };
        var output = new Option<string?>("--output")
        {
            Description = "The file of the results. Default: ChunkStream.Benchmarks/results/<date>-e2e.md.",
            HelpName = "file",
        };

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
                result.GetValue(only)?.Split(',', StringSplitOptions.TrimEntries) ?? [],
                result.GetValue(output),
                string.Join(' ', result.Tokens.Select(token => token.Value))),
            cancellation));
        return command;
    }

    private static void RequireRange(OptionResult result, Option option, long least, long most)
    {
        if (result.Tokens.Count == 1
            && long.TryParse(result.Tokens[0].Value, out var value)
            && (value < least || value > most))
        {
            result.AddError($"{option.Name} is {value}; it must be {least}–{most}.");
        }
    }
}
