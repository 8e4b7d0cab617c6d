using System.Globalization;
using System.Text;
using ChunkStream.Postgres.Sql;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// Turns the <c>@name</c> of a query file into the <c>$1</c> of Postgres, each cast to its declared type, so that a
/// value travels beside the statement and is never part of it. All else stays as it is, character by character.
/// </summary>
internal sealed class SqlParameters
{
    private readonly string _sql;
    private readonly IReadOnlyList<QueryParameter> _parameters;
    private readonly int _firstLine;
    private readonly ICollection<QueryMistake> _mistakes;
    private readonly StringBuilder _bound = new();
    private readonly HashSet<int> _used = [];
    private int _at;

    private SqlParameters(
        string sql, IReadOnlyList<QueryParameter> parameters, int firstLine, ICollection<QueryMistake> mistakes)
        => (_sql, _parameters, _firstLine, _mistakes) = (sql, parameters, firstLine, mistakes);

    /// <summary>Gives the statement to send, line for line as it was, without the semicolon at its end.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="parameters">What may stand after an <c>@</c>.</param>
    /// <param name="firstLine">The statement's first line in its file.</param>
    /// <param name="mistakes">Receives what is wrong.</param>
    public static string Bind(
        string sql, IReadOnlyList<QueryParameter> parameters, int firstLine, ICollection<QueryMistake> mistakes)
        => new SqlParameters(sql, parameters, firstLine, mistakes).Bind();

    private string Bind()
    {
        var isEmpty = true;
        var isOver = false;
        while (_at < _sql.Length)
        {
            var token = SqlScanner.Next(_sql.AsSpan(_at));
            var isSilent = token.Kind is SqlTokenKind.Space or SqlTokenKind.Comment;
            if (isOver && !isSilent)
            {
                Mistake("A query file holds one statement: nothing but comments may follow its semicolon.");
                break;
            }

            isOver |= token.Kind is SqlTokenKind.Semicolon;
            isEmpty &= isSilent;
            Take(token);
        }

        if (isEmpty)
            _mistakes.Add(new QueryMistake(1, "The file has no statement."));
        foreach (var (index, parameter) in _parameters.Index())
        {
            if (!_used.Contains(index))
            {
                _mistakes.Add(new QueryMistake(
                    parameter.Line, $"The statement does not use the parameter @{parameter.Name}."));
            }
        }

        return _bound.ToString();
    }

    private void Take(SqlToken token)
    {
        switch (token.Kind)
        {
            case SqlTokenKind.Semicolon:
                _at += token.Length;
                break;
            case SqlTokenKind.Operator:
                TakeOperator(token.Length);
                break;
            case SqlTokenKind.Placeholder:
                Mistake("Parameters have names here: declare one, and write @name instead of $1.");
                Copy(token.Length);
                break;
            default:
                Copy(token.Length);
                break;
        }
    }

    /// <summary>
    /// Copies an operator. If its last character is the <c>@</c> of a parameter, takes the parameter instead of that
    /// character.
    /// </summary>
    private void TakeOperator(int length)
    {
        var symbol = _sql.AsSpan(_at, length);
        var name = symbol[^1] == '@' ? NameAt(_at + length) : "";
        if (name.Length == 0)
        {
            Copy(length);
        }
        else if (CanBeOneOperator(symbol))
        {
            if (IndexOf(name) >= 0)
            {
                Mistake($"'{symbol}{name}' can be read in two ways: "
                    + "put a space before the parameter, or after the operator.");
            }

            Copy(length);
        }
        else
        {
            Copy(length - 1);
            TakeParameter(name);
        }
    }

    /// <summary>
    /// Whether Postgres, or one of its common extensions, has operators that end like this: <c>&lt;@</c>, <c>@@</c>,
    /// <c>?@</c>, <c>^@</c>, <c>&amp;@</c>, <c>#@</c>, <c>@-@</c>. Any other text is an operator and a parameter, as in
    /// <c>=@x</c> or <c>||@x</c>.
    /// </summary>
    private static bool CanBeOneOperator(ReadOnlySpan<char> symbol)
        => symbol.Length > 1 && (symbol[^2] is '<' or '@' or '?' or '^' or '&' or '#' || symbol is "@-@");

    private void TakeParameter(string name)
    {
        // A name or number right before the parameter, as in "select@x", must not run into the CAST that we write.
        if (_at > 0 && SqlScanner.IsName(_sql[_at - 1]))
            _bound.Append(' ');

        var index = IndexOf(name);
        if (index < 0)
        {
            Mistake($"The parameter @{name} is not declared: add a line such as -- param: {name} text "
                + "(or put a space after the @, if it is meant as Postgres's operator).");
        }
        else
        {
            _bound.Append(CultureInfo.InvariantCulture, $"CAST(${index + 1} AS {_parameters[index].Type})");
        }

        _used.Add(index);
        _at += 1 + name.Length;
    }

    private void Copy(int length)
    {
        _bound.Append(_sql, _at, length);
        _at += length;
    }

    private string NameAt(int at)
    {
        var rest = _sql.AsSpan(at);
        return !rest.IsEmpty && SqlScanner.Next(rest) is { Kind: SqlTokenKind.Name } token
            ? rest[..token.Length].ToString()
            : "";
    }

    private int IndexOf(string name)
        => _parameters.Index()
            .Where(parameter => parameter.Item.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            .Select(parameter => parameter.Index)
            .FirstOrDefault(-1);

    private void Mistake(string reason)
        => _mistakes.Add(new QueryMistake(_firstLine + SqlScanner.LineBreaks(_sql.AsSpan(0, _at)), reason));
}
