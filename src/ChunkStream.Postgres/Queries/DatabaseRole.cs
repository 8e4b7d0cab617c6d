using System.Text.RegularExpressions;
using ChunkStream.Identity;
using ChunkStream.Postgres.Sql;

namespace ChunkStream.Postgres.Queries;

/// <summary>
/// The role of Postgres as which a query runs for users: one that the file names, or one from a claim.
/// </summary>
/// <param name="Name">The role; null if a claim says it.</param>
/// <param name="Claim">The path of the claim that says it; null if the file does.</param>
internal sealed record DatabaseRole(string? Name, string? Claim)
{
    /// <summary>Reads <c>reader</c>, <c>"Reader"</c> or <c>claim(path)</c>.</summary>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static DatabaseRole Parse(string text)
    {
        if (ClaimPath.TryParse(text, out var path))
            return new DatabaseRole(null, path);
        var name = Unquoted(text);
        return name is { Length: > 0 } && name != "none"
            ? new DatabaseRole(name, null)
            : throw new FormatException(
                $"'role' is the name of a role of Postgres, or claim(path of a claim), but here it is '{text}'.");
    }

    /// <summary>The role for a caller.</summary>
    /// <param name="caller">The caller.</param>
    /// <param name="allowed">The roles that a claim may name.</param>
    /// <returns>The role; null if the caller's claim names none that is allowed.</returns>
    public string? For(Caller caller, IReadOnlyCollection<string> allowed)
        => Name ?? (caller.Claim(Claim!) is { } role && allowed.Contains(role) ? role : null);

    // As SQL reads names: without quotes in small letters.
    private static string? Unquoted(string text)
    {
        if (text.Length == 0)
            return null;
        var token = SqlScanner.Next(text);
        if (token.Length != text.Length)
            return null;
        return token.Kind switch
        {
            SqlTokenKind.Name => text.ToLowerInvariant(),
            SqlTokenKind.QuotedName => text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal),
            _ => null,
        };
    }
}

/// <summary>Reads <c>claim(path)</c>.</summary>
internal static partial class ClaimPath
{
    /// <summary>Reads it.</summary>
    /// <param name="text">What is written in the file.</param>
    /// <param name="path">The path of the claim, such as <c>tenant_id</c> or <c>app_metadata.tenant</c>.</param>
    public static bool TryParse(string text, out string path)
    {
        var match = Pattern().Match(text);
        path = match.Groups["path"].Value;
        return match.Success;
    }

    [GeneratedRegex(@"^claim\(\s*(?<path>[^\s()][^()]*?)\s*\)$")]
    private static partial Regex Pattern();
}
