using System.Globalization;
using System.Text;
using ChunkStream.Postgres.Sql;

namespace ChunkStream.Postgres.Statements;

/// <summary>One statement with its parameters.</summary>
/// <param name="Sql">The statement without a semicolon at its end, with parameters as <c>$1</c>, <c>$2</c> …</param>
/// <param name="Values">Their values in text form; null is NULL.</param>
internal sealed record Statement(string Sql, IReadOnlyList<string?> Values)
{
    /// <summary>Makes it from the parts of an interpolated string.</summary>
    /// <exception cref="ArgumentException">
    /// They are not one statement, or a hole stands where Postgres takes no parameter.
    /// </exception>
    public static Statement Create(SqlInterpolatedStringHandler sql)
    {
        var text = new StringBuilder(sql.LiteralLength + 32);
        var holes = new List<Hole>();
        foreach (var (part, value) in sql.Parts)
        {
            if (value is null)
            {
                text.Append(part);
                continue;
            }

            var name = string.Create(CultureInfo.InvariantCulture, $"${holes.Count + 1}");
            var hole = new Hole(text.Length, name, part, value);
            holes.Add(hole);
            text.Append(hole.Name);
        }

        return new Statement(Bind(text.ToString(), holes), [.. holes.Select(hole => hole.Value.Text)]);
    }

    private static string Bind(string text, List<Hole> holes)
    {
        var bound = new StringBuilder(text.Length + (32 * holes.Count));
        var (next, isEmpty, isOver) = (0, true, false);
        for (int at = 0, length; at < text.Length; at += length)
        {
            var token = SqlScanner.Next(text.AsSpan(at));
            length = token.Length;
            var isSilent = token.Kind is SqlTokenKind.Space or SqlTokenKind.Comment;
            if (isOver && !isSilent)
                throw Refusal("Rows come from one statement: nothing but comments may follow its semicolon.");
            isOver |= token.Kind is SqlTokenKind.Semicolon;
            isEmpty &= isSilent || isOver;

            if (next < holes.Count && holes[next].At < at + length)
            {
                var hole = holes[next++];
                if (!IsWhole(hole, token, at, text))
                    throw Misplaced(hole, token.Kind);
                bound.Append(hole.Bound(text.AsSpan(at + length)));
            }
            else if (token.Kind is SqlTokenKind.Placeholder)
            {
                throw Refusal($"The statement has the parameter {text.AsSpan(at, length)}: "
                    + "write its value as a hole, {value}.");
            }
            else if (token.Kind is not SqlTokenKind.Semicolon)
            {
                bound.Append(text, at, length);
            }
        }

        return isEmpty ? throw Refusal("There is no statement.") : bound.ToString();
    }

    // A name, a number or another hole right beside a hole would become one word with it.
    private static bool IsWhole(Hole hole, SqlToken token, int at, string text)
        => hole.At == at && token.Kind is SqlTokenKind.Placeholder && token.Length == hole.Name.Length
            && (at == 0 || !SqlScanner.IsName(text[at - 1]))
            && (at + token.Length == text.Length || !SqlScanner.IsName(text[at + token.Length]));

    private static ArgumentException Misplaced(Hole hole, SqlTokenKind kind)
        => Refusal($"{{{hole.Expression}}} " + kind switch
        {
            SqlTokenKind.Literal => "stands inside a text in quotes, where Postgres takes no parameter: "
                + "join them, '…' || {value}, or put all of it into the value.",
            SqlTokenKind.Comment => "stands in a comment, where Postgres takes no parameter.",
            SqlTokenKind.QuotedName => "stands in a quoted name: a parameter is a value, and never a name.",
            _ => "stands right beside a name, a number or another hole: a parameter is a value, "
                + "and never a part of one. Put a space between them, if it is meant as a value.",
        });

    private static ArgumentException Refusal(string message) => new(message);

    /// <summary>A hole.</summary>
    /// <param name="At">Where it begins in the statement.</param>
    /// <param name="Name">What stands there: <c>$1</c>.</param>
    /// <param name="Expression">How it is written in the program.</param>
    /// <param name="Value">Its value.</param>
    private sealed record Hole(int At, string Name, string Expression, SqlValue Value)
    {
        /// <summary>The SQL of the parameter.</summary>
        /// <param name="rest">The SQL that follows the hole.</param>
        public string Bound(ReadOnlySpan<char> rest)
        {
            // IS NULL can be asked of any type, so Postgres would find no type for the parameter beside it, and fail.
            var type = Value.Type ?? (IsAskedForNull(rest) ? "text" : null);
            return type is null ? Name : $"CAST({Name} AS {type})";
        }

        private static bool IsAskedForNull(ReadOnlySpan<char> rest)
            => Words(rest, 3) is ["is", "null", ..] or ["is", "not", "null"] or ["isnull" or "notnull", ..];

        private static List<string> Words(ReadOnlySpan<char> sql, int most)
        {
            var words = new List<string>();
            while (!sql.IsEmpty && words.Count < most)
            {
                var token = SqlScanner.Next(sql);
                if (token.Kind is SqlTokenKind.Name)
                    words.Add(sql[..token.Length].ToString().ToLowerInvariant());
                else if (token.Kind is not (SqlTokenKind.Space or SqlTokenKind.Comment))
                    break;
                sql = sql[token.Length..];
            }

            return words;
        }
    }
}
