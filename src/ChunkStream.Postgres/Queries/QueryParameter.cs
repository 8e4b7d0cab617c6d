using ChunkStream.Http;
using ChunkStream.Postgres.Sql;

namespace ChunkStream.Postgres.Queries;

/// <summary>A parameter of a query.</summary>
/// <param name="Name">Its name, in the SQL after <c>@</c> and in the query string.</param>
/// <param name="Type">Its Postgres type, as SQL spells it.</param>
/// <param name="IsRequired">Whether it must be given.</param>
/// <param name="Default">Its value where it is not given, in its type's text form; null is NULL.</param>
/// <param name="Line">The line of its declaration.</param>
internal sealed record QueryParameter(string Name, string Type, bool IsRequired, string? Default, int Line)
{
    /// <summary>
    /// The path of the claim of the caller that is its value; null where the request gives the value. No request can
    /// give the value of a parameter that is bound to a claim.
    /// </summary>
    public string? Claim { get; init; }

    /// <summary>
    /// Names of query parameters that the endpoints or the host read themselves. A client could not give a value for a
    /// query's parameter of such a name.
    /// </summary>
    public static readonly string[] Taken =
        [.. FormatChoice.Parameters, .. QueryRequest.Parameters, .. RequestParameters.AllowedEverywhere];

    /// <summary>Reads <c>name type [= default]</c>.</summary>
    /// <exception cref="FormatException">The text has another form.</exception>
    public static QueryParameter Parse(string text, int line)
    {
        var name = text[..LengthOf(text, SqlTokenKind.Name)];
        var equals = EndOfType(text, name.Length);
        var type = equals < 0 ? "" : text[name.Length..equals].Trim();
        if (type.Length == 0 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_'))
        {
            throw new FormatException(
                "A parameter is declared as name type, name type = default, or name type = claim(path), "
                + "such as: min_delay integer = 15. "
                + $"This is '{text}'.");
        }

        if (Taken.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            throw new FormatException(
                $"A parameter can't be named '{name}': the endpoint has one of that name. "
                + $"Taken are {string.Join(", ", Taken)}.");
        }

        var value = equals < text.Length ? text[(equals + 1)..].Trim() : null;
        if (value is not null && ClaimPath.TryParse(value, out var path))
            return new QueryParameter(name, type, IsRequired: false, Default: null, line) { Claim = path };
        return new QueryParameter(name, type, value is null, value is null ? null : Unquoted(value), line);
    }

    /// <summary>
    /// Where the type ends: at the text's end, or before the equals sign of a default; -1 if that is not clear.
    /// Postgres says later whether there is such a type. Here it only matters that no quote, comment or bracket in it
    /// can reach over its end.
    /// </summary>
    private static int EndOfType(string text, int at)
    {
        var depth = 0;
        for (int length; at < text.Length; at += length)
        {
            var token = SqlScanner.Next(text.AsSpan(at));
            length = token.Length;
            switch (token.Kind)
            {
                case SqlTokenKind.Operator when depth == 0:
                    return text[at] == '=' && !string.IsNullOrWhiteSpace(text[(at + 1)..]) ? at : -1;
                case SqlTokenKind.Other:
                    depth += text[at] is '(' or '[' ? 1 : text[at] is ')' or ']' ? -1 : 0;
                    if (depth < 0 || (depth == 0 && text[at] is not (')' or ']' or '.')))
                        return -1;
                    break;
                case SqlTokenKind.Literal or SqlTokenKind.Number when depth == 0:
                case SqlTokenKind.QuotedName or SqlTokenKind.Literal
                    when text[at + length - 1] is not ('"' or '\'' or '$') || length == 1:
                case SqlTokenKind.Comment or SqlTokenKind.Semicolon or SqlTokenKind.Placeholder:
                    return -1;
            }
        }

        return depth == 0 ? at : -1;
    }

    private static int LengthOf(string text, SqlTokenKind kind)
        => text.Length > 0 && SqlScanner.Next(text) is var token && token.Kind == kind ? token.Length : 0;

    private static string? Unquoted(string value)
    {
        if (value.Equals("null", StringComparison.OrdinalIgnoreCase))
            return null;
        return value is ['\'', .., '\''] ? value[1..^1].Replace("''", "'", StringComparison.Ordinal) : value;
    }
}
