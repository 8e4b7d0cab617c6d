using System.Security.Claims;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChunkStream.Problems;
using Microsoft.Extensions.Primitives;

namespace ChunkStream.Identity.EasyAuth;

/// <summary>
/// Reads whom App Service has signed in ("Easy Auth"): the header holds JSON in base64, with the claims as a list.
/// </summary>
/// <param name="roleClaims">The paths of the claims that are roles, besides those that App Service names.</param>
/// <param name="time">The clock.</param>
internal sealed class ClientPrincipals(IReadOnlyList<string> roleClaims, TimeProvider time)
{
    /// <summary>The header's name.</summary>
    public const string Header = "X-MS-CLIENT-PRINCIPAL";

    private static readonly Problem Malformed = Problem.InvalidAccessToken(
        $"The header {Header} is not as App Service writes it.");

    private static readonly Problem NoSubject = Problem.InvalidAccessToken(
        $"The header {Header} does not say whose it is (sub).");

    /// <summary>The caller whom the header names, or why it does not hold; neither without the header.</summary>
    /// <param name="header">Its values.</param>
    public (Caller? Caller, Problem? Problem) Read(StringValues header)
    {
        if (header.Count == 0)
            return (null, null);
        if (header.Count > 1 || Decode(header[0]) is not { } principal || ClaimsOf(principal) is not { } list)
            return (null, Malformed);

        var subject = list.FirstOrDefault(claim => claim.Type == ClaimsObject.Subject).Value
            ?? list.FirstOrDefault(claim => claim.Type == ClaimTypes.NameIdentifier).Value;
        if (string.IsNullOrEmpty(subject))
            return (null, NoSubject);
        var all = ClaimsObject.Create(
            subject, list.Select(claim => (claim.Type, (JsonNode?)JsonValue.Create(claim.Value))));
        if (ClaimsJson.Read(Encoding.UTF8.GetBytes(all.ToJsonString())) is not { } claims)
            return (null, Malformed);

        var roleType = Text(principal, "role_typ");
        var roles = list.Where(claim => claim.Type == roleType).Select(claim => claim.Value)
            .Concat(roleClaims.SelectMany(path => Caller.Texts(claims, path)));
        var issuer = list.FirstOrDefault(claim => claim.Type == "iss").Value ?? Text(principal, "auth_typ") ?? "";
        return (new Caller(issuer, subject, claims, roles, Expiry(list)), null);
    }

    private static JsonElement? Decode(string? header)
    {
        try
        {
            return ClaimsJson.Read(Convert.FromBase64String(header ?? ""));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static (string Type, string Value)[]? ClaimsOf(JsonElement principal)
    {
        if (!principal.TryGetProperty("claims", out var list) || list.ValueKind is not JsonValueKind.Array)
            return null;
        var claims = list.EnumerateArray().Select(claim => (Type: Text(claim, "typ"), Value: Text(claim, "val")))
            .ToArray();
        return claims.Any(claim => claim.Type is null || claim.Value is null)
            ? null
            : [.. claims.Select(claim => (claim.Type!, claim.Value!))];
    }

    private static string? Text(JsonElement owner, string name)
        => owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value)
            && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;

    // The platform's session may outlive the token with which it began. It then says so by leaving the header out.
    private DateTimeOffset? Expiry((string Type, string Value)[] list)
        => NumericDate.Parse(list.FirstOrDefault(claim => claim.Type == "exp").Value) is { } end
            && end > time.GetUtcNow()
            ? end
            : null;
}
