using System.Text.RegularExpressions;

namespace ChunkStream.Queries;

/// <summary>A parameter of a query.</summary>
/// <param name="Name">Its name, in the SQL after <c>@</c> and in the query string.</param>
/// <param name="Type">Its Postgres type, as SQL spells it.</param>
/// <param name="IsRequired">Whether it must be given.</param>
/// <param name="Default">Its value where it is not given, in its type's text form; null is NULL.</param>
/// <param name="Line">The line of its declaration.</param>
internal sealed partial record QueryParameter(string Name, string Type, bool IsRequired, string? Default, int Line)
{
    // What the endpoints take themselves, or the host: a parameter of that name could not be given.
    private static readonly string[] Taken = ["format", "limit", "numbers", "resume", "code", "clientId"];

    /// <summary>Reads <c>name type [= default]</c>.</summary>
    /// <exception cref="FormatException">It is not that.</exception>
    public static QueryParameter Parse(string text, int line)
    {
        var parts = Declaration().Match(text);
        if (!parts.Success)
        {
            throw new FormatException(
                $"A parameter is declared as name type, or name type = default, such as: min_delay integer = 15. This is '{text}'.");
        }

        var name = parts.Groups["name"].Value;
        if (Taken.Contains(name, StringComparer.OrdinalIgnoreCase))
            throw new FormatException($"A parameter can't be named '{name}': the endpoint has one of that name. Taken are {string.Join(", ", Taken)}.");

        var value = parts.Groups["default"];
        return new QueryParameter(name, parts.Groups["type"].Value.Trim(), !value.Success, value.Success ? Unquoted(value.Value) : null, line);
    }

    private static string? Unquoted(string value)
    {
        if (value.Equals("null", StringComparison.OrdinalIgnoreCase))
            return null;
        return value is ['\'', .., '\''] ? value[1..^1].Replace("''", "'", StringComparison.Ordinal) : value;
    }

    // A type: words, a schema, quotes, a modifier in parentheses, array brackets.
    [GeneratedRegex("""^(?<name>[A-Za-z_][A-Za-z0-9_]*)\s+(?<type>[A-Za-z_"][A-Za-z0-9_ ."$]*(\([0-9, -]+\))?[A-Za-z ]*(\[[0-9]*\])*)(\s*=\s*(?<default>.+))?$""")]
    private static partial Regex Declaration();
}
