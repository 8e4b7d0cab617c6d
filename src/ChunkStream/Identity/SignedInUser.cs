using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChunkStream.Problems;
using Microsoft.AspNetCore.Http;

namespace ChunkStream.Identity;

/// <summary>
/// The caller of an app that has ASP.NET Core's own authentication: <see cref="HttpContext.User"/>. Used unless the app
/// registers another way.
/// </summary>
internal sealed class SignedInUser : ICallers
{
    private const string Expiry = "exp";

    public static SignedInUser Instance { get; } = new();

    /// <inheritdoc />
    public ValueTask<(Caller? Caller, Problem? Problem)> FindAsync(HttpContext http, CancellationToken cancellation)
        => new((Read(http.User), null));

    private static Caller? Read(ClaimsPrincipal user)
    {
        if (user.Identity is not ClaimsIdentity { IsAuthenticated: true } identity)
            return null;
        var subject = identity.FindFirst(ClaimsObject.Subject) ?? identity.FindFirst(ClaimTypes.NameIdentifier);
        if (subject is null)
            return null;

        // ASP.NET Core may have renamed the claim that is the subject: it is not told twice.
        var claims = ClaimsObject.Create(
            subject.Value,
            identity.Claims.Where(claim => claim != subject).Select(claim => (claim.Type, Value(claim))));
        var roles = identity.FindAll(identity.RoleClaimType).Select(role => role.Value);
        return new Caller(
            subject.Issuer,
            subject.Value,
            JsonElement.Parse(claims.ToJsonString()),
            roles,
            NumericDate.Parse(identity.FindFirst(Expiry)?.Value));
    }

    private static JsonNode? Value(Claim claim) => claim.ValueType switch
    {
        ClaimValueTypes.Boolean when bool.TryParse(claim.Value, out var value) => JsonValue.Create(value),
        ClaimValueTypes.Integer or ClaimValueTypes.Integer32 or ClaimValueTypes.Integer64
            when long.TryParse(claim.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value)
            => JsonValue.Create(value),
        "JSON" or "JSON_ARRAY" => JsonNode.Parse(claim.Value),
        _ => JsonValue.Create(claim.Value),
    };
}
