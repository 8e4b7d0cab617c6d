using ChunkStream.Identity;

namespace ChunkStream.DurableStreams.Access;

/// <summary>
/// Paths of durable streams, as a line of the policy names them: <c>users/{sub}/**</c>. Each segment stands for one of
/// the path, and only <c>**</c> at the end for one or more.
/// </summary>
internal sealed class PathTemplate
{
    private const string Any = "*";
    private const string Rest = "**";

    private readonly TemplateSegment[] _segments;
    private readonly bool _hasRest;

    private PathTemplate(TemplateSegment[] segments, bool hasRest) => (_segments, _hasRest) = (segments, hasRest);

    /// <summary>Reads a template.</summary>
    /// <exception cref="FormatException">It is none: the message says why.</exception>
    public static PathTemplate Parse(string text)
    {
        var parts = Split(text);
        var hasRest = parts[^1] == Rest;
        return new PathTemplate([.. (hasRest ? parts[..^1] : parts).Select(Segment)], hasRest);
    }

    /// <summary>Whether it stands for a path; or for all paths below a prefix, which ends with a slash.</summary>
    /// <param name="scope">A path that was checked, or a prefix of such.</param>
    /// <param name="caller">Whose claims its segments have.</param>
    public bool Covers(string scope, Caller caller)
    {
        var isPrefix = scope.EndsWith('/');
        var path = (isPrefix ? scope[..^1] : scope).Split('/');
        var fits = isPrefix ? _hasRest && path.Length >= _segments.Length
            : _hasRest ? path.Length > _segments.Length
            : path.Length == _segments.Length;
        if (!fits)
            return false;
        for (var at = 0; at < _segments.Length; at++)
        {
            if (!_segments[at].Matches(path[at], caller))
                return false;
        }

        return true;
    }

    private static TemplateSegment Segment(string text) => text switch
    {
        Any => new TemplateSegment(null, null),
        Rest => throw new FormatException("'**' stands only at the end of a path."),
        ['{', .. var name, '}'] => new TemplateSegment(null, ClaimOf(name)),
        _ => new TemplateSegment(Literal(text), null),
    };

    private static string ClaimOf(string name) => name switch
    {
        "sub" => "sub",
        ['c', 'l', 'a', 'i', 'm', ':', .. { Length: > 0 } path] when !path.Any(char.IsWhiteSpace) => path,
        _ => throw new FormatException(
            $"'{{{name}}}' is none of {{sub}} and {{claim:path}}, which stand for what the caller's token says."),
    };

    private static string Literal(string text)
    {
        if (text.Length == 0)
        {
            throw new FormatException(
                "A path has no empty segment: no slash stands at its begin or end, or beside another.");
        }

        if (text is "." or "..")
            throw new FormatException("A segment is never '.' or '..'.");
        return !text.Any(IsSpecial)
            ? text
            : throw new FormatException(
                $"The segment '{text}' has a brace, '*', '%' or a space: '*' and {{…}} stand for whole segments, and "
                + "'*' can stand for a segment that can't be written here.");
    }

    private static bool IsSpecial(char letter)
        => letter is '{' or '}' or '*' or '%' || char.IsWhiteSpace(letter) || char.IsControl(letter);

    // A claim's name may have slashes: {claim:https://example.com/team}.
    private static List<string> Split(string text)
    {
        var (parts, begin, isClaim) = (new List<string>(), 0, false);
        for (var at = 0; at <= text.Length; at++)
        {
            if (at == text.Length || (text[at] == '/' && !isClaim))
            {
                parts.Add(text[begin..at]);
                begin = at + 1;
            }
            else if (text[at] is '{' or '}')
            {
                isClaim = text[at] == '{';
            }
        }

        return parts;
    }
}

/// <summary>A segment of a template.</summary>
/// <param name="Literal">The text that it is; null if it is none.</param>
/// <param name="Claim">The path of the claim whose value it is; null if it is none. Neither: any segment.</param>
internal sealed record TemplateSegment(string? Literal, string? Claim)
{
    /// <summary>Whether it stands for a segment of a path.</summary>
    public bool Matches(string segment, Caller caller)
        => Literal is not null ? segment == Literal : Claim is null || IsClaim(Claim, segment, caller);

    // A segment of a checked path is never empty, '.' or '..', and has no slash. So a claim that is, or has, stands for
    // none. A claim with '*' looks like a template to people, who may have made it for that: it stands for none either.
    private static bool IsClaim(string claim, string segment, Caller caller)
        => !segment.Contains('*', StringComparison.Ordinal)
            && (Caller.Texts(caller.Claims, claim).Contains(segment)
                || (IsNumber(segment) && caller.Claim(claim) == segment));

    // A claim that is a whole number is told as it was written.
    private static bool IsNumber(string segment) => !segment.AsSpan().ContainsAnyExceptInRange('0', '9');
}
