using System.CommandLine;

namespace ChunkStream.Benchmarks.Fleet;

/// <summary><c>fleet</c>: its options and help.</summary>
internal static class FleetCommand
{
    public const string Name = "fleet";

    private const int Usual = 200;
    private const int Least = 20;

    // Each stream of rows has a database connection, and each instance at most 60 of them.
    private const int Most = 240;

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<FleetSettings, CancellationToken, Task<int>> run)
    {
        var streams = new Option<int>("--streams")
        {
            Description = $"How many streams are open, {Least}–{Most}: seven tenths of them rows of a query, two "
                + "tenths live readers of durable streams, one tenth writers.",
            DefaultValueFactory = _ => Usual,
        };
        streams.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < Least or > Most)
                result.AddError($"--streams must be {Least}–{Most}.");
        });
        var output = new Option<string?>("--output")
        {
            Description = "The file of the results. Default: ChunkStream.Benchmarks/results/<date>-fleet.md.",
            HelpName = "file",
        };

        var command = new Command(
            Name, "Replaces three instances behind nginx while streams are open, and measures what clients notice.")
        {
            streams, output,
        };
        command.SetAction((result, cancellation) => run(
            new FleetSettings(
                result.GetValue(streams),
                result.GetValue(output),
                string.Join(' ', result.Tokens.Select(token => token.Value))),
            cancellation));
        return command;
    }
}
