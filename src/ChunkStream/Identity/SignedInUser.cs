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
    private const string Subject = "sub";
    private const string Expiry = "exp";

    public static SignedInUser Instance { get; } = new();

    /// <inheritdoc />
    public ValueTask<(Caller? Caller, Problem? Problem)> FindAsync(HttpContext http, CancellationToken cancellation)
        => new((Read(http.User), null));

    private static Caller? Read(ClaimsPrincipal user)
    {
        if (user.Identity is not ClaimsIdentity { IsAuthenticated: true } identity)
            return null;
        if ((identity.FindFirst(Subject) ?? identity.FindFirst(ClaimTypes.NameIdentifier)) is not { } subject)
            return null;

        // ASP.NET Core may have renamed claims. A policy in the database must find the subject by the usual name.
        var claims = new JsonObject { [Subject] = subject.Value };
        foreach (var claim in identity.Claims.Where(claim => claim != subject).GroupBy(claim => claim.Type))
        {
            var values = claim.Select(Value).ToArray();
            claims[claim.Key] = values.Length == 1 ? values[0] : new JsonArray(values);
        }

        var roles = identity.FindAll(identity.RoleClaimType).Select(role => role.Value);
        return new Caller(subject.Issuer, subject.Value, Parsed(claims), roles, ExpiryOf(identity));
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

    private static JsonElement Parsed(JsonObject claims)
    {
        using var document = JsonDocument.Parse(claims.ToJsonString());
        return document.RootElement.Clone();
    }

    private static DateTimeOffset? ExpiryOf(ClaimsIdentity identity)
        => long.TryParse(
            identity.FindFirst(Expiry)?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
}
