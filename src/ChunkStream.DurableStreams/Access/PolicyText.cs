using System.Text.RegularExpressions;

namespace ChunkStream.DurableStreams.Access;

/// <summary>
/// Reads the text of a policy. A line is <c>path: operations</c>, and may go on with <c>for roles</c> and <c>from
/// issuer</c>; or it is empty, or a comment after <c>#</c>.
/// </summary>
internal static partial class PolicyText
{
    /// <summary>Reads it. A text with mistakes gives no policy at all.</summary>
    public static (AccessPolicy? Policy, IReadOnlyList<PolicyMistake> Mistakes) Read(string text)
    {
        var (rules, mistakes) = (new List<AccessRule>(), new List<PolicyMistake>());
        var number = 0;
        foreach (var line in text.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim()))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
                continue;
            try
            {
                rules.Add(Rule(line));
            }
            catch (FormatException mistake)
            {
                mistakes.Add(new PolicyMistake(number, mistake.Message));
            }
        }

        return mistakes.Count == 0 ? (new AccessPolicy(rules), []) : (null, mistakes);
    }

    private static AccessRule Rule(string line)
    {
        if (Line().Match(line) is not { Success: true } match)
        {
            throw new FormatException(
                "A line is 'path: operations', such as 'users/{sub}/**: read, append', and may go on with 'for roles' "
                + "and 'from issuer'. A comment has a line of its own.");
        }

        var operations = Names(match.Groups["operations"], "operation").Aggregate(
            DurableOperations.None, (all, name) => all | Operation(name));
        var roles = match.Groups["roles"] is { Success: true } given ? Names(given, "role") : [];
        var issuer = match.Groups["issuer"] is { Success: true } from ? from.Value : null;
        return new AccessRule(PathTemplate.Parse(match.Groups["path"].Value.TrimEnd()), operations, roles, issuer);
    }

    private static string[] Names(Group list, string what)
    {
        var names = list.Value.Split(',', StringSplitOptions.TrimEntries);
        return names.All(name => name.Length > 0 && !name.Any(char.IsWhiteSpace))
            ? names
            : throw new FormatException(
                $"'{list.Value.Trim()}' is no list of {what}s: between two of them is a comma, and none has a space.");
    }

    private static DurableOperations Operation(string name)
        => DurableOperationNames.Parse(name) is var operation && operation is not DurableOperations.None
            ? operation
            : throw new FormatException(
                $"'{name}' is no operation; there are {DurableOperationNames.Listed}.");

    // Only a claim's name, in its braces, has colons in the path.
    [GeneratedRegex(
        @"^(?<path>(?:[^:{}]|\{[^{}]*\})+):(?<operations>(?:(?!\s(?:for|from)\s).)+)"
        + @"(?:\sfor\s(?<roles>(?:(?!\sfrom\s).)+))?(?:\sfrom\s+(?<issuer>\S+))?$")]
    private static partial Regex Line();
}

/// <summary>What is wrong with a policy.</summary>
/// <param name="Line">In which line, from 1 on; 0 for the whole file.</param>
/// <param name="Reason">What is wrong, and what is allowed: a sentence.</param>
internal sealed record PolicyMistake(int Line, string Reason);
