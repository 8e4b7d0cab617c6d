using ChunkStream.Configuration;

namespace ChunkStream.Identity;

/// <summary>Finds what is wrong with the settings of an issuer.</summary>
internal static class IssuerCheck
{
    /// <summary>
    /// The algorithms that can be allowed. Each has a private key: with a shared one (HS256), whoever checks tokens
    /// could make them, and a public key could be passed off as shared.
    /// </summary>
    private static readonly string[] Algorithms = TextList.Read(new IssuerOptions().Algorithms);

    /// <summary>All mistakes, as sentences.</summary>
    /// <param name="issuer">The settings.</param>
    /// <param name="path">Where they are.</param>
    public static IEnumerable<string> Mistakes(IssuerOptions issuer, string path)
    {
        if (issuer.Authority is null == issuer.JwksUri is null)
            yield return $"{path} must have either an Authority or a JwksUri.";
        if (issuer.Authority is { } authority && !IsSafe(authority))
            yield return Unsafe("Authority", authority);
        if (issuer.JwksUri is { } keys && !IsSafe(keys))
            yield return Unsafe("JwksUri", keys);
        if (issuer.Issuer is null ? issuer.JwksUri is not null : string.IsNullOrWhiteSpace(issuer.Issuer))
            yield return $"{path}:Issuer must be the claim 'iss' of the tokens: JwksUri does not tell it.";
        if (TextList.Read(issuer.Audience).Length == 0)
        {
            yield return $"{path}:Audience must be the claim 'aud' of tokens that are meant for this app. Without it, "
                + "tokens for any app of the issuer would hold here.";
        }

        var allowed = TextList.Read(issuer.Algorithms);
        if (allowed.Length == 0 || allowed.Except(Algorithms).Any())
        {
            yield return $"{path}:Algorithms must be some of {string.Join(", ", Algorithms)}, with commas between, but "
                + $"is '{issuer.Algorithms}'.";
        }

        string Unsafe(string setting, string value)
            => $"{path}:{setting} must be an https:// address without query and fragment (http:// is for loopback "
                + $"only), but is '{value}'.";
    }

    private static bool IsSafe(string address)
        => Uri.TryCreate(address, UriKind.Absolute, out var uri)
            && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
            && uri is { Query: "", Fragment: "", UserInfo: "" };
}
