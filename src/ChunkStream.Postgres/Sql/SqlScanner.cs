namespace ChunkStream.Postgres.Sql;

/// <summary>
/// Cuts SQL into tokens where Postgres's own lexer does (src/backend/parser/scan.l), with standard_conforming_strings
/// on. It tells what is inside a literal, a quoted name or a comment, and what is not; it checks nothing: that is
/// Postgres's business.
/// </summary>
internal static class SqlScanner
{
    private const string OperatorCharacters = "+-*/<>=~!@#%^&|`?";

    /// <summary>
    /// The first token of a text that is not empty. One that is not closed goes to the end of the text.
    /// </summary>
    public static SqlToken Next(ReadOnlySpan<char> text)
    {
        var second = text.Length > 1 ? text[1] : '\0';
        return text[0] switch
        {
            _ when IsSpace(text[0]) => new(SqlTokenKind.Space, 1),
            '-' when second == '-' => new(SqlTokenKind.Comment, EndOfLine(text)),
            '/' when second == '*' => new(SqlTokenKind.Comment, EndOfComment(text)),
            '\'' => new(SqlTokenKind.Literal, EndOfLiteral(text, 0, hasEscapes: false)),
            'e' or 'E' when second == '\'' => new(SqlTokenKind.Literal, EndOfLiteral(text, 1, hasEscapes: true)),
            'u' or 'U' when text[1..] is ['&', '"', ..]
                => new(SqlTokenKind.QuotedName, EndOfQuote(text, 2, hasEscapes: false)),
            '"' => new(SqlTokenKind.QuotedName, EndOfQuote(text, 0, hasEscapes: false)),
            '$' when char.IsAsciiDigit(second)
                => new(SqlTokenKind.Placeholder, 1 + LengthOf(text[1..], char.IsAsciiDigit)),
            '$' => Dollar(text),
            ';' => new(SqlTokenKind.Semicolon, 1),
            _ when char.IsAsciiDigit(text[0]) => new(SqlTokenKind.Number, LengthOf(text, IsNameStartOrDigit)),
            _ when IsNameStartOrDigit(text[0]) => new(SqlTokenKind.Name, LengthOf(text, IsName)),
            _ when IsOperator(text[0]) => new(SqlTokenKind.Operator, EndOfOperator(text)),
            _ => new(SqlTokenKind.Other, 1),
        };
    }

    /// <summary>
    /// Whether a character can stand inside a name. All beyond ASCII can, white space of Unicode among them.
    /// </summary>
    public static bool IsName(char character) => character == '$' || IsNameStartOrDigit(character);

    /// <summary>How many lines begin inside a text. A line ends with LF, CR LF or CR, and with nothing else.</summary>
    public static int LineBreaks(ReadOnlySpan<char> text)
    {
        var breaks = 0;
        for (; text.IndexOfAny('\n', '\r') is >= 0 and var end; text = text[(end + BreakAt(text[end..]))..])
            breaks++;
        return breaks;
    }

    /// <summary>How long the line is that a text begins with, and the break after it: 0 where the text ends.</summary>
    public static (int Length, int Break) Line(ReadOnlySpan<char> text)
    {
        var length = EndOfLine(text);
        return (length, BreakAt(text[length..]));
    }

    private static int BreakAt(ReadOnlySpan<char> text)
        => text is ['\r', '\n', ..] ? 2 : text is ['\n' or '\r', ..] ? 1 : 0;

    private static bool IsSpace(char character) => character is ' ' or '\t' or '\n' or '\r' or '\f' or '\v';

    private static bool IsNameStartOrDigit(char character)
        => char.IsAsciiLetterOrDigit(character) || character == '_' || character > 0x7F;

    private static bool IsOperator(char character) => OperatorCharacters.Contains(character, StringComparison.Ordinal);

    private static int LengthOf(ReadOnlySpan<char> text, Func<char, bool> belongs)
    {
        var length = 0;
        while (length < text.Length && belongs(text[length]))
            length++;
        return length;
    }

    private static int EndOfLine(ReadOnlySpan<char> text)
        => text.IndexOfAny('\n', '\r') is >= 0 and var end ? end : text.Length;

    private static int EndOfComment(ReadOnlySpan<char> text)
    {
        // Comments nest.
        var depth = 0;
        for (var at = 0; at + 1 < text.Length; at++)
        {
            var pair = text.Slice(at, 2);
            depth += pair is "/*" ? 1 : pair is "*/" ? -1 : 0;
            if (pair is "/*" or "*/")
                at++;
            if (depth == 0)
                return at + 1;
        }

        return text.Length;
    }

    /// <summary>
    /// A literal that goes on in another line stays what it began as: in E'…' a backslash escapes there, too.
    /// </summary>
    private static int EndOfLiteral(ReadOnlySpan<char> text, int quote, bool hasEscapes)
    {
        var end = EndOfQuote(text, quote, hasEscapes);
        while (NextPart(text[end..]) is > 0 and var next)
            end = EndOfQuote(text, end + next, hasEscapes);
        return end;
    }

    /// <summary>
    /// Where the quote of a literal's next part stands: after white space with a line break in it, and comments that
    /// end with their line. 0 where there is none.
    /// </summary>
    private static int NextPart(ReadOnlySpan<char> text)
    {
        var hasBreak = false;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\'')
                return hasBreak ? at : 0;
            if (text[at..].StartsWith("--"))
                at += EndOfLine(text[at..]);
            if (at == text.Length || !IsSpace(text[at]))
                return 0;
            hasBreak |= text[at] is '\n' or '\r';
        }

        return 0;
    }

    private static int EndOfQuote(ReadOnlySpan<char> text, int start, bool hasEscapes)
    {
        var quote = text[start];
        for (var at = start + 1; at < text.Length; at++)
        {
            if ((hasEscapes && text[at] == '\\')
                || (text[at] == quote && at + 1 < text.Length && text[at + 1] == quote))
                at++;
            else if (text[at] == quote)
                return at + 1;
        }

        return text.Length;
    }

    /// <summary><c>$tag$ … $tag$</c>, or a lone dollar sign.</summary>
    private static SqlToken Dollar(ReadOnlySpan<char> text)
    {
        var tag = 1 + LengthOf(text[1..], IsNameStartOrDigit);
        if (tag == text.Length || text[tag] != '$')
            return new(SqlTokenKind.Other, 1);
        var end = text[(tag + 1)..].IndexOf(text[..(tag + 1)]);
        return new(SqlTokenKind.Literal, end < 0 ? text.Length : end + (2 * (tag + 1)));
    }

    private static int EndOfOperator(ReadOnlySpan<char> text)
    {
        // A comment ends an operator.
        var length = 1;
        while (length < text.Length && IsOperator(text[length])
            && !text[length..].StartsWith("--") && !text[length..].StartsWith("/*"))
            length++;
        return length;
    }
}

/// <summary>What a token is.</summary>
internal enum SqlTokenKind
{
    /// <summary>A character of white space.</summary>
    Space,

    /// <summary>A comment, without the break at its line's end.</summary>
    Comment,

    /// <summary>A string in single quotes, with all its parts, or in dollar quotes.</summary>
    Literal,

    /// <summary>A name, or a keyword.</summary>
    Name,

    /// <summary>A name in double quotes.</summary>
    QuotedName,

    /// <summary>A number, with whatever letters follow it.</summary>
    Number,

    /// <summary>One or more characters of which operators are made.</summary>
    Operator,

    /// <summary><c>$1</c>.</summary>
    Placeholder,

    /// <summary>What ends a statement.</summary>
    Semicolon,

    /// <summary>Any other character: a parenthesis, a comma, a dot.</summary>
    Other,
}

/// <summary>A token.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Length">How many characters it has, at least 1.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, int Length);
