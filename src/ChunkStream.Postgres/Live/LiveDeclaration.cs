using System.Text.RegularExpressions;

namespace ChunkStream.Postgres.Live;

/// <summary>What a query file declares so that its query can be followed: how changes lead to its rows.</summary>
/// <param name="Line">The line of the first declaration.</param>
/// <param name="Tables">The tables that it names; empty where the key's own table is meant.</param>
internal sealed partial record LiveDeclaration(int Line, IReadOnlyList<DeclaredTable> Tables)
{
    /// <summary>The parameter of a statement after <c>=&gt;</c>: the values that were logged.</summary>
    public const string Changed = "changed";

    private const string Name = """(?:"(?:[^"]|"")+"|[\w$]+)""";
    private const string Table = $"""(?:{Name}\.)?{Name}""";
    private const string Equal = $"""(?<column>{Name})\s*=\s*@(?<parameter>\w+)""";
    private const string Where = $"""(?i:where)\s+{Equal}(?:\s+(?i:and)\s+{Equal})*""";

    private const string Forms =
        "'live' stands alone where the key is that of one table; else it is such as 'live: order_items(order_id)', or "
        + "'live: members(project_id) => select id from issues where project_id = any(@changed)'. Each may have "
        + "'where column = @parameter' behind the table. 'live: rerun' runs the whole query again at each change";

    private const string AloneOnly =
        "'live' without a table, and 'live: rerun', can't stand beside other declarations of 'live' (but "
        + "'live: rerun table' may be there several times).";

    /// <summary>Where 'live' stands alone: which rows of the table are looked at.</summary>
    public IReadOnlyList<DeclaredFilter> Filters { get; private init; } = [];

    /// <summary>
    /// Whether the whole query is run again at each change. The tables then have no columns that lead to the key, and
    /// those that the query reads are followed also where the file names none.
    /// </summary>
    public bool IsRerun { get; private init; }

    /// <summary>Adds a declaration to those before it.</summary>
    /// <param name="before">What the file has declared so far; null for nothing.</param>
    /// <param name="value">What comes after <c>live</c>; empty where there is nothing.</param>
    /// <param name="line">The line.</param>
    /// <exception cref="FormatException">The text is no such declaration. The message says why.</exception>
    public static LiveDeclaration Add(LiveDeclaration? before, string value, int line)
    {
        if (Alone().Match(value) is { Success: true } alone)
        {
            return before is null
                ? new LiveDeclaration(line, []) { Filters = FiltersOf(alone) }
                : throw new FormatException(AloneOnly);
        }

        if (Rerun().Match(value) is { Success: true } rerun)
            return AddRerun(before, rerun, line);
        if (Pattern().Match(value) is not { Success: true } parts)
            throw new FormatException($"{Forms}. This is '{value}'.");
        if (before is { Tables: [] } or { IsRerun: true })
            throw new FormatException(AloneOnly);
        var table = new DeclaredTable(
            parts.Groups["table"].Value,
            [.. parts.Groups["value"].Captures.Select(name => NameOf(name.Value))],
            FiltersOf(parts),
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

    private static LiveDeclaration AddRerun(LiveDeclaration? before, Match match, int line)
    {
        if (before is { IsRerun: false })
            throw new FormatException(AloneOnly);
        var filters = FiltersOf(match);
        var tables = match.Groups["table"].Captures
            .Select(table => new DeclaredTable(table.Value, [], filters, null, line));
        return new LiveDeclaration(before?.Line ?? line, [.. before?.Tables ?? [], .. tables]) { IsRerun = true };
    }

    private static IReadOnlyList<DeclaredFilter> FiltersOf(Match match)
        => [.. match.Groups["column"].Captures.Zip(
            match.Groups["parameter"].Captures,
            (column, parameter) => new DeclaredFilter(NameOf(column.Value), parameter.Value))];

    // As SQL has it: unquoted names are in small letters.
    private static string NameOf(string text)
        => text is ['"', .. var quoted, '"']
            ? quoted.Replace("\"\"", "\"", StringComparison.Ordinal)
            : text.ToLowerInvariant();

    [GeneratedRegex($"^(?:{Where})?$")]
    private static partial Regex Alone();

    [GeneratedRegex(
        $"""^rerun(?:\s+(?<table>{Table})(?:(?:\s*,\s*(?<table>{Table}))*|\s+{Where}))?$""")]
    private static partial Regex Rerun();

    [GeneratedRegex(
        $"""^(?<table>{Table})\s*\(\s*(?<value>{Name})\s*(?:,\s*(?<value>{Name})\s*)*\)"""
        + $"""(?:\s*{Where})?(?:\s*=>\s*(?<sql>\S.*))?$""")]
    private static partial Regex Pattern();
}

/// <summary>A table whose changes lead to rows of a query.</summary>
/// <param name="Table">The table, as SQL names it.</param>
/// <param name="Columns">
/// The columns whose values, before and after a change, are values of the query's key, in its order; or, with a
/// statement, the one whose values the statement gets.
/// </param>
/// <param name="Filters">Which rows of the table are looked at; empty for all.</param>
/// <param name="Sql">Gives the keys for the values <c>@changed</c>; null where the values are keys themselves.</param>
/// <param name="Line">The line of its declaration.</param>
internal sealed record DeclaredTable(
    string Table, IReadOnlyList<string> Columns, IReadOnlyList<DeclaredFilter> Filters, string? Sql, int Line);

/// <summary>
/// Says that a row of a table concerns only those readers whose parameter equals a column of it, before or after a
/// change.
/// </summary>
/// <param name="Column">The column.</param>
/// <param name="Parameter">The parameter's name.</param>
internal sealed record DeclaredFilter(string Column, string Parameter);
