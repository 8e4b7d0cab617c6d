using System.CommandLine;
using ChunkStream.Benchmarks.E2e;

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
        var only = CommandOptions.Only();
        var output = CommandOptions.Output(Name);

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
                CommandOptions.Names(result.GetValue(only)),
                result.GetValue(output),
                CommandOptions.Typed(result)),
            cancellation));
        return command;
    }

    private static Option<int> Whole(string name, string description, int usual, int most)
        => CommandOptions.Number(name, description, usual, 1, most);
}
