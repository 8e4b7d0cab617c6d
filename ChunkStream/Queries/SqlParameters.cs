using System.Globalization;
using System.Text;

namespace ChunkStream.Queries;

/// <summary>
/// Turns the <c>@name</c> of a query file into the <c>$1</c> of Postgres, each cast to its declared type, so that a value
/// travels beside the statement and is never part of it. Finds them as Postgres's lexer would: not in strings, quoted names,
/// dollar quotes or comments, nor in operators that have an <c>@</c>.
/// </summary>
internal sealed class SqlParameters
{
    private const string OperatorCharacters = "+-*/<>=~!@#%^&|`?";

    private readonly string _sql;
    private readonly IReadOnlyList<QueryParameter> _parameters;
    private readonly int _firstLine;
    private readonly ICollection<QueryMistake> _mistakes;
    private readonly StringBuilder _bound = new();
    private readonly HashSet<int> _used = [];
    private int _at;

    private SqlParameters(string sql, IReadOnlyList<QueryParameter> parameters, int firstLine, ICollection<QueryMistake> mistakes)
        => (_sql, _parameters, _firstLine, _mistakes) = (sql, parameters, firstLine, mistakes);

    /// <summary>Gives the statement to send, line for line as it was, without the semicolon at its end.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="parameters">What may stand after an <c>@</c>.</param>
    /// <param name="firstLine">The statement's first line in its file.</param>
    /// <param name="mistakes">Where what is wrong is added.</param>
    public static string Bind(string sql, IReadOnlyList<QueryParameter> parameters, int firstLine, ICollection<QueryMistake> mistakes)
        => new SqlParameters(sql, parameters, firstLine, mistakes).Bind();

    private string Bind()
    {
        var isEmpty = true;
        var semicolon = -1;
        while (_at < _sql.Length)
        {
            var start = _at;
            var isSpace = char.IsWhiteSpace(_sql[start]);
            var isComment = Copy();
            if (isSpace || isComment)
                continue;
            if (semicolon >= 0)
            {
                Mistake(start, "A query file holds one statement: nothing but comments may follow its semicolon.");
                break;
            }

            if (_sql[start] == ';')
                (semicolon, _bound.Length) = (start, _bound.Length - 1);
            isEmpty = false;
        }

        if (isEmpty)
            _mistakes.Add(new QueryMistake(1, "The file has no statement."));
        foreach (var (index, parameter) in _parameters.Index())
        {
            if (!_used.Contains(index))
                _mistakes.Add(new QueryMistake(parameter.Line, $"The statement does not use the parameter @{parameter.Name}."));
        }

        return _bound.ToString();
    }

    /// <summary>Copies the next token; true for a comment.</summary>
    private bool Copy()
    {
        var rest = _sql.AsSpan(_at);
        if (rest.StartsWith("--"))
            return CopyTo(rest.IndexOf('\n'), comment: true);
        if (rest.StartsWith("/*"))
            return CopyTo(EndOfComment(rest), comment: true);
        if (rest[0] is '\'' or '"')
            return CopyTo(EndOfQuote(rest, rest[0], IsEscapeString()));
        if (rest[0] == '$')
            return CopyDollar(rest);
        if (OperatorCharacters.Contains(rest[0], StringComparison.Ordinal))
            return CopyOperator(rest);

        // A whole word at a time: the E of a word's end must not be taken for that of a string.
        var length = 1;
        if (IsWord(rest[0]))
        {
            while (length < rest.Length && (IsWord(rest[length]) || rest[length] == '$'))
                length++;
        }

        return CopyTo(length);
    }

    private bool CopyTo(int length, bool comment = false)
    {
        if (length < 0)
            length = _sql.Length - _at;
        _bound.Append(_sql, _at, length);
        _at += length;
        return comment;
    }

    private bool CopyOperator(ReadOnlySpan<char> rest)
    {
        // As in Postgres, a comment ends an operator.
        var length = 1;
        while (length < rest.Length && OperatorCharacters.Contains(rest[length], StringComparison.Ordinal)
            && !rest[length..].StartsWith("--") && !rest[length..].StartsWith("/*"))
            length++;

        var name = rest[(length - 1)] == '@' ? WordAt(rest[length..]) : "";
        if (name.Length == 0)
            return CopyTo(length);

        // "=@x" is a comparison with a parameter in every dialect that has them; "<@x" may be an operator of Postgres.
        if (length > 1 && rest[length - 2] is '<' or '@' or '?' or '&' or '#')
        {
            if (IndexOf(name) >= 0)
                Mistake(_at, $"'{rest[..length]}{name}' can be read in two ways: put a space before the parameter, or after the operator.");
            return CopyTo(length);
        }

        CopyTo(length - 1);
        CopyParameter(name);
        return false;
    }

    private void CopyParameter(string name)
    {
        var index = IndexOf(name);
        if (index < 0)
            Mistake(_at, $"The parameter @{name} is not declared: add a line such as -- param: {name} text");
        else
            _bound.Append(CultureInfo.InvariantCulture, $"CAST(${index + 1} AS {_parameters[index].Type})");
        _used.Add(index);
        _at += 1 + name.Length;
    }

    private bool CopyDollar(ReadOnlySpan<char> rest)
    {
        if (rest.Length > 1 && char.IsAsciiDigit(rest[1]))
            Mistake(_at, "Parameters have names here: declare one, and write @name instead of $1.");

        // $tag$ … $tag$
        var tag = 1 + (rest.Length > 1 && !char.IsAsciiDigit(rest[1]) ? WordAt(rest[1..]).Length : 0);
        if (tag >= rest.Length || rest[tag] != '$')
            return CopyTo(1);
        var end = rest[(tag + 1)..].IndexOf(rest[..(tag + 1)]);
        return CopyTo(end < 0 ? -1 : end + (2 * (tag + 1)));
    }

    // E'…' has backslashes that escape; the E is the word just copied.
    private bool IsEscapeString()
        => _at > 0 && _sql[_at - 1] is 'e' or 'E' && (_at < 2 || !IsWord(_sql[_at - 2]));

    private static int EndOfQuote(ReadOnlySpan<char> rest, char quote, bool hasEscapes)
    {
        for (var at = 1; at < rest.Length; at++)
        {
            var isDoubled = rest[at] == quote && at + 1 < rest.Length && rest[at + 1] == quote;
            if (isDoubled || (hasEscapes && rest[at] == '\\'))
                at++;
            else if (rest[at] == quote)
                return at + 1;
        }

        return -1;
    }

    private static int EndOfComment(ReadOnlySpan<char> rest)
    {
        // They nest in Postgres.
        var depth = 0;
        for (var at = 0; at + 1 < rest.Length; at++)
        {
            var pair = rest.Slice(at, 2);
            depth += pair is "/*" ? 1 : pair is "*/" ? -1 : 0;
            if (pair is "/*" or "*/")
                at++;
            if (depth == 0)
                return at + 1;
        }

        return -1;
    }

    private static string WordAt(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && IsWord(text[length]) && (length > 0 || !char.IsAsciiDigit(text[0])))
            length++;
        return text[..length].ToString();
    }

    private static bool IsWord(char letter) => char.IsAsciiLetterOrDigit(letter) || letter == '_' || letter > 0x7F;

    private int IndexOf(string name)
        => _parameters.Index().Where(parameter => parameter.Item.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(parameter => parameter.Index).FirstOrDefault(-1);

    private void Mistake(int at, string reason)
        => _mistakes.Add(new QueryMistake(_firstLine + _sql.AsSpan(0, at).Count('\n'), reason));
}
