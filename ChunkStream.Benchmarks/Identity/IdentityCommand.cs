using System.CommandLine;
using ChunkStream.Benchmarks.E2e;

namespace ChunkStream.Benchmarks.Identity;

/// <summary>The command <c>identity</c>: its options and its help.</summary>
internal static class IdentityCommand
{
    public const string Name = "identity";

    private const int MostRounds = 1_000;
    private const int MostRequests = 1_000_000;

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<IdentitySettings, CancellationToken, Task<int>> run)
    {
        var rounds = CommandOptions.Number(
            "--rounds", "Measured runs of each case, after one that is not.", 15, 1, MostRounds);
        var requests = CommandOptions.Number("--requests", "Requests in each run.", 400, 1, MostRequests);
        var only = CommandOptions.Only();
        var output = CommandOptions.Output(Name);
        var command = new Command(
            Name, "Measures what a request takes longer that says who is calling, beside the same query without.")
        {
            rounds, requests, only, output,
        };
        command.SetAction((result, cancellation) => run(
            new IdentitySettings(
                result.GetValue(rounds),
                result.GetValue(requests),
                CommandOptions.Names(result.GetValue(only)),
                result.GetValue(output),
                CommandOptions.Typed(result)),
            cancellation));
        return command;
    }
}

/// <summary>What to measure of requests by users, and how often.</summary>
/// <param name="Rounds">How often each case is measured.</param>
/// <param name="Requests">How many requests each run has.</param>
/// <param name="Only">Names of cases and groups; empty for all.</param>
/// <param name="Output">Where the tables go; null for a file of today's date in the repository.</param>
/// <param name="CommandLine">The command line as it was typed, for the reader of the results.</param>
internal sealed record IdentitySettings(
    int Rounds, int Requests, IReadOnlyList<string> Only, string? Output, string CommandLine);
