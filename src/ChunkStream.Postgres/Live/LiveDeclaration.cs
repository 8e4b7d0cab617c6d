using System.Text.RegularExpressions;

namespace ChunkStream.Postgres.Live;

/// <summary>What a query file declares so that its query can be followed: how changes lead to its rows.</summary>
/// <param name="Line">The line of the first declaration.</param>
/// <param name="Tables">The tables that it names; empty where the key's own table is meant.</param>
internal sealed partial record LiveDeclaration(int Line, IReadOnlyList<DeclaredTable> Tables)
{
    /// <summary>The parameter of a statement after <c>=&gt;</c>: the values that were logged.</summary>
    public const string Changed = "changed";

    private const string Forms =
        "'live' stands alone where the key is that of one table; else it is such as 'live: order_items(order_id)', or "
        + "'live: members(project_id) => select id from issues where project_id = any(@changed)'";

    private const string AloneOnly = "'live' without a table can't stand beside another declaration of 'live'.";

    /// <summary>Adds a declaration to those before it.</summary>
    /// <param name="before">What the file has declared so far; null for nothing.</param>
    /// <param name="value">What comes after <c>live:</c>; empty where there is nothing.</param>
    /// <param name="line">The line.</param>
    /// <exception cref="FormatException">The text is no such declaration. The message says why.</exception>
    public static LiveDeclaration Add(LiveDeclaration? before, string value, int line)
    {
        if (value.Length == 0)
            return before is null ? new LiveDeclaration(line, []) : throw new FormatException(AloneOnly);

        if (Pattern().Match(value) is not { Success: true } parts)
            throw new FormatException($"{Forms}. This is '{value}'.");
        if (before is { Tables: [] })
            throw new FormatException(AloneOnly);
        var table = new DeclaredTable(
            parts.Groups["table"].Value,
            [.. parts.Groups["columns"].Value.Split(',').Select(Name)],
            parts.Groups["sql"] is { Success: true } sql ? sql.Value : null,
            line);
        if (table.Sql is not null && table.Columns.Count > 1)
        {
            throw new FormatException(
                "Where a statement leads from a table to the key, one column of the table is named: its values are "
                + $"@{Changed}.");
        }

        return new LiveDeclaration(before?.Line ?? line, [.. before?.Tables ?? [], table]);
    }

    // As SQL has it: unquoted names are in small letters.
    private static string Name(string text)
    {
        var name = text.Trim();
        return name is ['"', .. var quoted, '"']
            ? quoted.Replace("\"\"", "\"", StringComparison.Ordinal)
            : name.ToLowerInvariant();
    }

    [GeneratedRegex(
        """^(?<table>(("([^"]|"")+"|[\w$]+)\.)?("([^"]|"")+"|[\w$]+))\s*"""
        + """\((?<columns>\s*("([^"]|"")+"|[\w$]+)\s*(,\s*("([^"]|"")+"|[\w$]+)\s*)*)\)(\s*=>\s*(?<sql>\S.*))?$""")]
    private static partial Regex Pattern();
}

/// <summary>A table whose changes lead to rows of a query.</summary>
/// <param name="Table">The table, as SQL names it.</param>
/// <param name="Columns">
/// The columns whose values, before and after a change, are values of the query's key, in its order; or, with a
/// statement, the one whose values the statement gets.
/// </param>
/// <param name="Sql">Gives the keys for the values <c>@changed</c>; null where the values are keys themselves.</param>
/// <param name="Line">The line of its declaration.</param>
internal sealed record DeclaredTable(string Table, IReadOnlyList<string> Columns, string? Sql, int Line);
