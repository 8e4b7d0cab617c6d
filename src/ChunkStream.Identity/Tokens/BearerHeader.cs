using System.Buffers;
using ChunkStream.Problems;
using Microsoft.Extensions.Primitives;

namespace ChunkStream.Identity.Tokens;

/// <summary>
/// Takes the token out of the header <c>Authorization</c>, if it can be one: a signed JWT in its compact form.
/// </summary>
internal static class BearerHeader
{
    // Tokens with hundreds of groups have some kilobytes. Nothing longer is parsed.
    private const int MaxLength = 16 * 1024;
    private const string Scheme = "Bearer";

    private static readonly SearchValues<char> Allowed
        = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Reads the header.</summary>
    /// <param name="header">Its values.</param>
    /// <returns>The token, or why it is refused; neither if the header is not there or has another scheme.</returns>
    public static (string? Token, Problem? Problem) Read(StringValues header)
    {
        if (header.Count > 1)
            return (null, TokenProblems.SeveralHeaders);
        if (header.Count == 0 || header[0] is not { } value || !HasScheme(value))
            return (null, null);

        var token = value.AsSpan(Scheme.Length).Trim(' ');
        if (token.Length > MaxLength)
            return (null, TokenProblems.TooLong(MaxLength));
        if (token.IsEmpty)
            return (null, TokenProblems.Missing);
        if (token.ContainsAnyExcept(Allowed))
            return (null, TokenProblems.NotJwt);
        return token.Count('.') switch
        {
            2 => (token.ToString(), null),
            4 => (null, TokenProblems.Encrypted),
            _ => (null, TokenProblems.NotJwt),
        };
    }

    private static bool HasScheme(string value)
        => value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && (value.Length == Scheme.Length || value[Scheme.Length] is ' ');
}
