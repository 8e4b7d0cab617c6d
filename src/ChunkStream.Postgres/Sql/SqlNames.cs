namespace ChunkStream.Postgres.Sql;

/// <summary>The names in a statement.</summary>
internal static class SqlNames
{
    /// <summary>
    /// All names that stand in a statement, keywords among them, each once: in small letters, which is how they are to
    /// be compared here.
    /// </summary>
    /// <param name="sql">The statement.</param>
    public static string[] In(string sql)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var at = 0; at < sql.Length;)
        {
            var token = SqlScanner.Next(sql.AsSpan(at));
            var text = sql.Substring(at, token.Length);
            if (token.Kind is SqlTokenKind.Name)
                names.Add(text.ToLowerInvariant());
            else if (token.Kind is SqlTokenKind.QuotedName && text is ['"', .., '"'])
                names.Add(text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal).ToLowerInvariant());
            at += token.Length;
        }

        return [.. names];
    }
}
