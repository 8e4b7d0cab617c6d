using System.Collections.Frozen;
using System.Text.Json;

namespace ChunkStream.Identity;

/// <summary>Who is calling, as an access token or the platform in front of the app says.</summary>
internal sealed class Caller
{
    // These say something of the token, the session or the network, and not of rights. The client has the same list
    // (client/src/sharing/group.js).
    private static readonly FrozenSet<string> Passing = FrozenSet.Create(
        StringComparer.Ordinal,
        "exp", "iat", "nbf", "jti", "auth_time", "nonce", "at_hash", "c_hash", "sid", "session_state", "origin_jti",
        "event_id", "uti", "aio", "rh", "ipaddr");

    /// <param name="issuer">Who says so: the issuer of the token.</param>
    /// <param name="subject">The name that the issuer gives the caller: unique, and never given to another.</param>
    /// <param name="claims">All that the issuer says of the caller: a JSON object.</param>
    /// <param name="roles">The caller's roles in this app.</param>
    /// <param name="expires">Until when that holds; null for as long as the request lasts.</param>
    public Caller(
        string issuer, string subject, JsonElement claims, IEnumerable<string> roles, DateTimeOffset? expires)
    {
        if (claims.ValueKind is not JsonValueKind.Object)
            throw new ArgumentException("Claims are a JSON object.", nameof(claims));
        (Issuer, Subject, Claims, Expires) = (issuer, subject, claims, expires);
        Roles = roles.ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>Who says so: the issuer of the token.</summary>
    public string Issuer { get; }

    /// <summary>The name that the issuer gives the caller.</summary>
    public string Subject { get; }

    /// <summary>All that the issuer says of the caller: a JSON object.</summary>
    public JsonElement Claims { get; }

    /// <summary>
    /// The claims in one text, in the order of their names, but for those that may be others in each token of the same
    /// user: with another text the user may have other rights.
    /// </summary>
    public string LastingClaims => string.Join('\n', Claims.EnumerateObject()
        .Where(claim => !Passing.Contains(claim.Name)
            && !claim.Name.StartsWith("xms_", StringComparison.Ordinal))
        .OrderBy(claim => claim.Name, StringComparer.Ordinal)
        .Select(claim => $"{JsonEncodedText.Encode(claim.Name)}:{claim.Value.GetRawText()}"));

    /// <summary>The caller's roles in this app. Case counts.</summary>
    public FrozenSet<string> Roles { get; }

    /// <summary>Until when that holds; null for as long as the request lasts.</summary>
    public DateTimeOffset? Expires { get; }

    /// <summary>
    /// A claim's value: a string as it is, all else as JSON. Null if there is no such claim, or if it is null.
    /// </summary>
    /// <param name="path">
    /// The claim's name, or the names that lead to it with dots between, such as <c>app_metadata.tenant</c>. A claim
    /// whose whole name is the path comes first, because names may have dots: <c>https://example.com/tenant</c>.
    /// </param>
    public string? Claim(string path) => Find(path) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => other.GetRawText(),
    };

    /// <summary>The texts in a claim: of an array of strings all, of a string itself, of anything else none.</summary>
    /// <param name="claims">The claims.</param>
    /// <param name="path">The claim's path, as <see cref="Claim"/> takes it.</param>
    public static IEnumerable<string> Texts(JsonElement claims, string path) => Find(claims, path) switch
    {
        { ValueKind: JsonValueKind.String } text => [text.GetString()!],
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray()
            .Where(item => item.ValueKind is JsonValueKind.String)
            .Select(item => item.GetString()!),
        _ => [],
    };

    private JsonElement? Find(string path) => Find(Claims, path);

    private static JsonElement? Find(JsonElement claims, string path)
    {
        if (claims.TryGetProperty(path, out var whole))
            return whole;
        foreach (var name in path.Split('.'))
        {
            if (claims.ValueKind is not JsonValueKind.Object || !claims.TryGetProperty(name, out claims))
                return null;
        }

        return claims;
    }
}
