using System.Globalization;
using System.Text.RegularExpressions;
using ChunkStream.Configuration;
using ChunkStream.Postgres.Keys;
using ChunkStream.Postgres.Live;

namespace ChunkStream.Postgres.Queries;

/// <summary>What the comment block at the top of a query file declares.</summary>
internal sealed partial record QueryHeader
{
    // The same limit as that of PostgresOptions.AnonymousMaxRows. One row more must still fit a long.
    private const long MostRows = 1_000_000_000_000;

    private static readonly string[] Known =
        ["summary", "param", "key", "plan", "timeout", "idle", "max-rows", "access", "role", "key-check", "errors",
        "live"];

    private int _roleLine;

    /// <summary>What the query gives, in a sentence; empty where the file does not say.</summary>
    public string Summary { get; private set; } = "";

    /// <summary>The parameters, in the order of their declarations.</summary>
    public IReadOnlyList<QueryParameter> Parameters { get; private set; } = [];

    /// <summary>The columns of the key; empty without one.</summary>
    public IReadOnlyList<KeyColumn> Key { get; private set; } = [];

    /// <summary>The line of the key's declaration.</summary>
    public int KeyLine { get; private set; }

    /// <summary>What to plan for, or null for the default.</summary>
    public CursorPlan? Plan { get; private set; }

    /// <summary>How long Postgres may take for the first row, and from each to the next; null for no limit.</summary>
    public TimeSpan? Timeout { get; private set; }

    /// <summary>How long the reader may stall while the query is held; null for the server's default.</summary>
    public TimeSpan? Idle { get; private set; }

    /// <summary>How many rows the query gives at most; null for no bound.</summary>
    public long? MaxRows { get; private set; }

    /// <summary>Whether the file says that its author knows that no index guarantees the key.</summary>
    public bool IsKeyCheckedByRow { get; private set; }

    /// <summary>Whether a client is told what the SQL raises for it.</summary>
    public bool ShowsErrors { get; private set; }

    /// <summary>The same header with bounds where it declares none, for callers without a key.</summary>
    public QueryHeader Bounded(TimeSpan timeout, long maxRows)
        => this with { Timeout = Timeout ?? timeout, MaxRows = MaxRows ?? maxRows };

    /// <summary>Who may run it.</summary>
    public QueryAccess Access { get; private set; } = QueryAccess.Function;

    /// <summary>The line of the access's declaration; 0 where there is none.</summary>
    public int AccessLine { get; private set; }

    /// <summary>Of which roles a user must have one; empty where every user may run it.</summary>
    public IReadOnlyList<string> UserRoles { get; private set; } = [];

    /// <summary>The role of Postgres as which it runs for a user; null for that of the connection.</summary>
    public DatabaseRole? Role { get; private set; }

    /// <summary>How its rows can be followed; null where it is not live.</summary>
    public LiveDeclaration? Live { get; private set; }

    /// <summary>Reads the block's lines. Those that are not <c>-- word: …</c> with a small word are comments.</summary>
    public static QueryHeader Parse(IReadOnlyList<string> lines, ICollection<QueryMistake> mistakes)
    {
        var header = new QueryHeader();
        var given = new HashSet<string>();
        foreach (var (index, text) in lines.Index())
        {
            if (Directive().Match(text) is not { Success: true } directive)
            {
                if (LiveAlone().Match(text) is not { Success: true } live)
                    continue;
                directive = Directive().Match($"-- live: {live.Groups["where"].ValueSpan}");
            }

            var word = directive.Groups["word"].Value;
            try
            {
                if (word is not ("param" or "live") && !given.Add(word))
                    throw new FormatException($"'{word}' is declared twice.");
                header.Take(word, directive.Groups["value"].Value, index + 1);
            }
            catch (FormatException mistake)
            {
                mistakes.Add(new QueryMistake(index + 1, mistake.Message));
            }
        }

        foreach (var mistake in header.NeedingUser())
            mistakes.Add(mistake);
        return header;
    }

    private void Take(string word, string value, int line)
    {
        switch (word)
        {
            case "summary":
                Summary = value;
                break;
            case "param":
                var parameter = QueryParameter.Parse(value, line);
                if (Parameters.Any(other => other.Name.Equals(parameter.Name, StringComparison.OrdinalIgnoreCase)))
                    throw new FormatException($"The parameter '{parameter.Name}' is declared twice.");
                Parameters = [.. Parameters, parameter];
                break;
            case "key":
                (Key, KeyLine) = (KeyColumn.ParseList(value), line);
                break;
            case "plan":
                Plan = OneOf(word, value, ("first-row", CursorPlan.FirstRow), ("whole", CursorPlan.Whole));
                break;
            case "timeout":
                Timeout = TimeOf(word, value);
                break;
            case "idle":
                Idle = TimeOf(word, value);
                break;
            case "max-rows":
                MaxRows = RowsOf(word, value);
                break;
            case "key-check":
                IsKeyCheckedByRow = OneOf(word, value, ("each-row", true));
                break;
            case "access":
                (Access, UserRoles, AccessLine) = (AccessOf(value), UserRolesOf(value), line);
                break;
            case "role":
                (Role, _roleLine) = (DatabaseRole.Parse(value), line);
                break;
            case "errors":
                ShowsErrors = OneOf(word, value, ("shown", true));
                break;
            case "live":
                Live = LiveDeclaration.Add(Live, value, line);
                break;
            default:
                throw new FormatException(
                    $"There is no '{word}:'; a query file declares {string.Join(", ", Known)}. "
                    + "(A comment that is no declaration begins with a capital letter, or with three dashes.)");
        }
    }

    private static QueryAccess AccessOf(string value)
        => UserPattern().IsMatch(value) ? QueryAccess.User : OneOf(
            "access",
            value,
            ("anonymous", QueryAccess.Anonymous),
            ("function", QueryAccess.Function),
            ("user", QueryAccess.User),
            ("user(role, role …)", QueryAccess.User));

    private static string[] UserRolesOf(string value)
        => TextList.Read(UserPattern().Match(value).Groups["roles"].Value);

    // Only where a user must sign in is there somebody whose claims can be read.
    private IEnumerable<QueryMistake> NeedingUser()
    {
        if (Access is QueryAccess.User)
            yield break;
        if (Role is not null)
            yield return new QueryMistake(_roleLine, "'role' needs 'access: user': only a user runs as another role.");
        foreach (var parameter in Parameters.Where(parameter => parameter.Claim is not null))
        {
            yield return new QueryMistake(
                parameter.Line, $"The parameter '{parameter.Name}' needs 'access: user': only a user has claims.");
        }
    }

    private static T OneOf<T>(string word, string value, params (string Name, T Value)[] choices)
    {
        foreach (var choice in choices)
        {
            if (choice.Name == value)
                return choice.Value;
        }

        var names = string.Join(" or ", choices.Select(choice => choice.Name));
        throw new FormatException($"'{word}' is {names}, but here it is '{value}'.");
    }

    private static long RowsOf(string word, string value)
        => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var rows)
            && rows is > 0 and <= MostRows
            ? rows
            : throw new FormatException(string.Create(
                CultureInfo.InvariantCulture,
                $"'{word}' is a whole number from 1 to {MostRows}, but here it is '{value}'."));

    private static TimeSpan TimeOf(string word, string value)
    {
        var parts = TimePattern().Match(value);
        var seconds = parts.Groups["unit"].Value switch { "ms" => 0.001, "s" => 1, "min" => 60, _ => 3600.0 };
        return parts.Success
            && double.Parse(parts.Groups["number"].ValueSpan, CultureInfo.InvariantCulture) * seconds
                is >= 0.001 and <= 7 * 24 * 3600 and var time
            ? TimeSpan.FromSeconds(time)
            : throw new FormatException(
                $"'{word}' is a time such as 500ms, 30s, 5min or 1h, at most a week, but here it is '{value}'.");
    }

    // What follows a second double dash is a comment on the declaration, unless it is in quotes. A quote that is not
    // closed is a character as any other.
    [GeneratedRegex("""^\s*--\s?(?<word>[a-z][a-z-]*):\s*(?<value>([^'"]|'[^']*'|"[^"]*"|['"])*?)(\s+--.*)?\s*$""")]
    private static partial Regex Directive();

    [GeneratedRegex(@"^\s*--\s?live(\s+(?<where>where\s.*))?\s*(\s--.*)?$")]
    private static partial Regex LiveAlone();

    [GeneratedRegex(@"^user\((?<roles>\s*[^\s(),][^(),]*(,\s*[^\s(),][^(),]*)*)\)$")]
    private static partial Regex UserPattern();

    [GeneratedRegex(@"^(?<number>[0-9]{1,9}(\.[0-9]{1,3})?)\s*(?<unit>ms|s|min|h)$")]
    private static partial Regex TimePattern();
}

/// <summary>Who may run a query.</summary>
internal enum QueryAccess
{
    /// <summary>Everyone.</summary>
    Anonymous,

    /// <summary>Whoever has a function key.</summary>
    Function,

    /// <summary>A user who has signed in; the rows may be that user's own.</summary>
    User,
}
