using ChunkStream.Problems;

namespace ChunkStream.Identity.Tokens;

/// <summary>What a client is told about a token that does not hold. Nothing of the token is repeated.</summary>
internal static class TokenProblems
{
    public static Problem SeveralHeaders { get; } = Refused("There is more than one header Authorization.");

    public static Problem Missing { get; } = Refused("The header Authorization has no token after 'Bearer '.");

    public static Problem NotJwt { get; } = Refused("The access token is not a JWT.");

    public static Problem Encrypted { get; } = Refused(
        "The access token is encrypted, or has another token in it: only signed tokens are read.");

    public static Problem Critical { get; } = Refused(
        "The access token has extensions ('crit') that this server does not know.");

    public static Problem Algorithm { get; } = Refused(
        "The access token is signed with an algorithm that is not allowed for its issuer, or not at all.");

    public static Problem UnknownIssuer { get; } = Refused(
        "The access token is of an issuer (iss) whose tokens do not hold here.");

    public static Problem UnknownKey { get; } = Refused(
        "The access token is signed with a key that its issuer does not publish.");

    public static Problem Signature { get; } = Refused("The signature of the access token is wrong.");

    public static Problem Audience { get; } = Refused("The access token is meant for another audience (aud).");

    public static Problem Expired { get; } = Refused("The access token has expired.");

    public static Problem NotYetValid { get; } = Refused("The access token is not valid yet (nbf).");

    public static Problem NoExpiry { get; } = Refused("The access token does not say when it expires (exp).");

    public static Problem NoSubject { get; } = Refused("The access token does not say whose it is (sub).");

    public static Problem Unreadable { get; } = Refused(
        "The access token has a claim twice, or one with a null character or half of a surrogate pair.");

    public static Problem Unavailable { get; } = Problem.Unavailable(
        "The keys with which access tokens are checked can't be fetched from their issuer now.");

    public static Problem TooLong(int length) => Refused($"The access token has more than {length} characters.");

    private static Problem Refused(string detail) => Problem.InvalidAccessToken(detail);
}
