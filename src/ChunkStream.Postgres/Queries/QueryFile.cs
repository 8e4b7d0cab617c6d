using ChunkStream.Postgres.Rows;
using ChunkStream.Postgres.Sql;

namespace ChunkStream.Postgres.Queries;

/// <summary>A query that a file declares, as far as the file alone tells.</summary>
/// <param name="Name">The file's name without <c>.sql</c>: what clients ask for.</param>
/// <param name="Text">The whole file, as it is.</param>
/// <param name="Header">What its comment block says.</param>
/// <param name="Sql">
/// The statement, with parameters as <c>$1</c>, <c>$2</c> … cast to their types; line for line as in the file.
/// </param>
/// <param name="FirstLine">The line of the file at which the statement begins, from 1.</param>
internal sealed record QueryFile(string Name, string Text, QueryHeader Header, string Sql, int FirstLine)
{
    /// <summary>Reads a file's text; gives the query, or what is wrong with it.</summary>
    public static (QueryFile? File, IReadOnlyList<QueryMistake> Mistakes) Parse(string name, string text)
    {
        var mistakes = new List<QueryMistake>();
        var (block, sql) = SplitAtStatement(text);
        var header = QueryHeader.Parse(block, mistakes);
        var bound = SqlParameters.Bind(sql, header.Parameters, block.Count + 1, mistakes);
        if (text.Contains('\0', StringComparison.Ordinal))
            mistakes.Add(new QueryMistake(1, "The file has a null character, which Postgres takes in no statement."));
        return mistakes.Count == 0
            ? (new QueryFile(name, text, header, bound, block.Count + 1), [])
            : (null, [.. mistakes.OrderBy(mistake => mistake.Line)]);
    }

    /// <summary>
    /// The lines of the comment block, and all that follows it, as it is: what looks like a line break there may be
    /// inside a literal, where each character counts.
    /// </summary>
    private static (IReadOnlyList<string> Block, string Sql) SplitAtStatement(string text)
    {
        var block = new List<string>();
        var at = 0;
        while (at < text.Length)
        {
            var (length, lineBreak) = SqlScanner.Line(text.AsSpan(at));
            var line = text.Substring(at, length);
            if (!string.IsNullOrWhiteSpace(line) && !line.TrimStart().StartsWith("--", StringComparison.Ordinal))
                break;
            block.Add(line);
            at += length + lineBreak;
        }

        return (block, text[at..]);
    }

    /// <summary>The query, for given values of the parameters.</summary>
    public PostgresQuery ToQuery(IReadOnlyList<string?> values) => new(Sql)
    {
        Name = Name,
        Parameters = values,
        Key = Header.Key,
        Plan = Header.Plan,
        Timeout = Header.Timeout,
        Idle = Header.Idle,
        MaxRows = Header.MaxRows,
        ShowsErrors = Header.ShowsErrors,
    };
}

/// <summary>Something wrong with a query file.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Reason">What is wrong with it, and what is allowed: a sentence.</param>
internal sealed record QueryMistake(int Line, string Reason);
