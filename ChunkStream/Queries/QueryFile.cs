using ChunkStream.Postgres;

namespace ChunkStream.Queries;

/// <summary>A query that a file declares, as far as the file alone tells.</summary>
/// <param name="Name">The file's name without <c>.sql</c>: what clients ask for.</param>
/// <param name="Text">The whole file, with LF line breaks.</param>
/// <param name="Header">What its comment block says.</param>
/// <param name="Sql">The statement, with parameters as <c>$1</c>, <c>$2</c> … cast to their types; line for line as in the file.</param>
/// <param name="FirstLine">The line of the file at which the statement begins, from 1.</param>
internal sealed record QueryFile(string Name, string Text, QueryHeader Header, string Sql, int FirstLine)
{
    /// <summary>Reads a file's text; gives the query, or what is wrong with it.</summary>
    public static (QueryFile? File, IReadOnlyList<QueryMistake> Mistakes) Parse(string name, string text)
    {
        text = text.ReplaceLineEndings("\n");
        var mistakes = new List<QueryMistake>();
        var lines = text.Split('\n');
        var headerLines = lines.TakeWhile(line => string.IsNullOrWhiteSpace(line) || line.TrimStart().StartsWith("--", StringComparison.Ordinal)).Count();
        var header = QueryHeader.Parse(lines[..headerLines], mistakes);
        var sql = SqlParameters.Bind(string.Join('\n', lines[headerLines..]), header.Parameters, headerLines + 1, mistakes);
        return mistakes.Count == 0
            ? (new QueryFile(name, text, header, sql, headerLines + 1), [])
            : (null, [.. mistakes.OrderBy(mistake => mistake.Line)]);
    }

    /// <summary>What to run for given values of the parameters.</summary>
    public PostgresQuery ToRun(IReadOnlyList<string?> values) => new(Sql)
    {
        Name = Name,
        Parameters = values,
        Key = Header.Key,
        Plan = Header.Plan,
        Timeout = Header.Timeout,
        Idle = Header.Idle,
        MaxRows = Header.MaxRows,
    };
}

/// <summary>Something wrong with a query file.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Reason">What is wrong with it, and what is allowed: a sentence.</param>
internal sealed record QueryMistake(int Line, string Reason);
