using System.CommandLine;
using System.CommandLine.Parsing;
using ChunkStream.Benchmarks.E2e;

namespace ChunkStream.Benchmarks.Smoke;

/// <summary>The command <c>smoke</c>: its options and its help.</summary>
internal static class SmokeCommand
{
    public const string Name = "smoke";

    /// <summary>The command, which runs <paramref name="run"/> and gives its exit code.</summary>
    public static Command Create(Func<SmokeSettings, CancellationToken, Task<int>> run)
    {
        var url = new Argument<Uri>("url")
        {
            Description = "Where the app is, with its route prefix, such as https://my-app.azurewebsites.net/api.",
            HelpName = "url",
            CustomParser = result => Address(result),
        };
        var key = new Option<string?>("--key")
        {
            Description = "A function key. Without it, checks that the app asks a key for are skipped.",
            HelpName = "key",
        };
        var generator = new Option<string>("--generator")
        {
            Description = "The path of a generator of texts, with places for the number of items and for the time "
                + "between two of them in milliseconds.",
            HelpName = "path",
            DefaultValueFactory = _ => "stream?chunks={count}&intervalMs={interval}",
        };
        var query = new Option<string>("--query")
        {
            Description = "The path of a query with a key that gives the numbers from 1 to a count, as column n.",
            HelpName = "path",
            DefaultValueFactory = _ => "public/queries/series?count={count}",
        };
        var silence = Whole("--silence", "How many seconds a generator says nothing, while heartbeats come.", 230, 290);
        var leave = Whole("--leave", "How many streams are left in the middle.", 20, 500);
        var hold = Whole("--hold", "How many readers are held while you deploy, each to miss nothing.", 0, 1000);
        var holdSeconds = Whole("--hold-seconds", "For how long they are held.", 300, 3600);

        var command = new Command(
            Name, "Asks an app what only the place where it runs can show, and prints a table. Fails if a check does.")
        {
            url, key, generator, query, silence, leave, hold, holdSeconds,
        };
        command.SetAction((result, cancellation) => run(
            new SmokeSettings(
                result.GetValue(url)!,
                result.GetValue(key),
                result.GetValue(generator)!,
                result.GetValue(query)!,
                TimeSpan.FromSeconds(result.GetValue(silence)),
                result.GetValue(leave),
                result.GetValue(hold),
                TimeSpan.FromSeconds(result.GetValue(holdSeconds))),
            cancellation));
        return command;
    }

    private static Uri? Address(ArgumentResult result)
    {
        var text = result.Tokens.Single().Value;
        if (Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var address)
            && address.Scheme is "http" or "https")
            return address;
        result.AddError($"'{text}' is no address: it is one such as https://my-app.azurewebsites.net/api.");
        return null;
    }

    private static Option<int> Whole(string name, string description, int usual, int most)
        => CommandOptions.Number(name, description, usual, 0, most);
}
