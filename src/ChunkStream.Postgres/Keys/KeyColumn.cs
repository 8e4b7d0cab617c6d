using System.Text.RegularExpressions;

namespace ChunkStream.Postgres.Keys;

/// <summary>A column of a key.</summary>
/// <param name="Name">The column's name in the result.</param>
/// <param name="IsDescending">Whether the rows come in descending order of it.</param>
internal sealed partial record KeyColumn(string Name, bool IsDescending)
{
    /// <summary>Reads a key: <c>departed_at desc, id</c>.</summary>
    /// <exception cref="FormatException">The text is not a key. The message says why.</exception>
    public static IReadOnlyList<KeyColumn> ParseList(string text)
    {
        KeyColumn[] key = [.. text.Split(',').Select(Parse)];
        return key.DistinctBy(column => column.Name).Count() == key.Length
            ? key
            : throw new FormatException("The key has a column twice.");
    }

    private static KeyColumn Parse(string text)
    {
        if (Pattern().Match(text) is not { Success: true } parts)
        {
            throw new FormatException(
                "A key lists columns of the result, each with asc or desc where needed, such as: departed_at desc, id. "
                + $"This is '{text.Trim()}'.");
        }

        // As SQL has it: unquoted names are in small letters.
        var name = parts.Groups["quoted"] is { Success: true } quoted
            ? quoted.Value.Replace("\"\"", "\"", StringComparison.Ordinal)
            : parts.Groups["plain"].Value.ToLowerInvariant();
        return new KeyColumn(name, parts.Groups["order"].Value.Equals("desc", StringComparison.OrdinalIgnoreCase));
    }

    [GeneratedRegex(
        """^\s*("(?<quoted>([^"]|"")+)"|(?<plain>[A-Za-z_\u0080-\uFFFF][A-Za-z0-9_$\u0080-\uFFFF]*))"""
        + """(\s+(?<order>asc|desc))?\s*$""",
        RegexOptions.IgnoreCase)]
    private static partial Regex Pattern();
}
