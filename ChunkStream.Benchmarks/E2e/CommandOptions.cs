using System.CommandLine;
using System.Globalization;
using System.Numerics;

namespace ChunkStream.Benchmarks.E2e;

/// <summary>What the options of several commands have in common.</summary>
internal static class CommandOptions
{
    /// <summary>A number within limits.</summary>
    public static Option<T> Number<T>(string name, string description, T usual, T least, T most)
        where T : struct, INumber<T>
    {
        var option = new Option<T>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            // A text that is no number is refused by the parser.
            if (result.Tokens is [var token]
                && T.TryParse(token.Value, CultureInfo.InvariantCulture, out var value)
                && (value < least || value > most))
            {
                result.AddError($"{name} is {value}; it must be {least}–{most}.");
            }
        });
        return option;
    }

    /// <summary>Where the results of a command go.</summary>
    public static Option<string?> Output(string command) => new("--output")
    {
        Description = $"The file of the results. Default: ChunkStream.Benchmarks/results/<date>-{command}.md.",
        HelpName = "file",
    };

    /// <summary>Which cases and groups of cases are measured.</summary>
    public static Option<string?> Only() => new("--only")
    {
        Description = "Only these cases or groups of cases, with commas in between.",
        HelpName = "name,name",
    };

    /// <summary>The names that were given to <see cref="Only"/>; none for all.</summary>
    public static IReadOnlyList<string> Names(string? only) => only?.Split(',', StringSplitOptions.TrimEntries) ?? [];

    /// <summary>The command line as it was typed, for the reader of the results.</summary>
    public static string Typed(ParseResult result) => string.Join(' ', result.Tokens.Select(token => token.Value));
}
