using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ChunkStream.Identity.Tokens;

/// <summary>Makes and checks tokens that are signed with a secret of the app.</summary>
internal sealed class SecretTokens : ISecretTokens
{
    // What fits into a URL. Nothing longer is parsed.
    private const int MaxLength = 8 * 1024;

    private readonly JsonWebTokenHandler _handler = new()
    {
        MapInboundClaims = false,
        SetDefaultTimesOnTokenCreation = false,
    };

    /// <inheritdoc />
    public string Create(SecretTokenKind kind, JsonObject claims, byte[] key)
    {
        var all = new JsonObject { ["iss"] = kind.Issuer, ["aud"] = kind.Audience };
        foreach (var (name, value) in claims)
            all[name] = value?.DeepClone();
        return _handler.CreateToken(
            all.ToJsonString(),
            new SigningCredentials(new SymmetricSecurityKey(key), SecurityAlgorithms.HmacSha256),
            new Dictionary<string, object> { ["typ"] = kind.Type });
    }

    /// <inheritdoc />
    public async ValueTask<(JsonElement? Claims, bool HasExpired)> ReadAsync(
        string text, SecretTokenKind kind, IReadOnlyList<byte[]> keys)
    {
        if (text.Length > MaxLength || CompactJwt.Parse(text) is not { } token
            || token.TryGetHeaderValue<object>("crit", out _))
            return (null, false);
        try
        {
            var result = await _handler.ValidateTokenAsync(token, Rules(kind, keys)).ConfigureAwait(false);
            return result.IsValid
                ? (ClaimsJson.Read(Base64Url.DecodeFromChars(token.EncodedPayload)), false)
                : (null, result.Exception is SecurityTokenExpiredException);
        }
        catch (FormatException)
        {
            return (null, false);
        }
    }

    private static TokenValidationParameters Rules(SecretTokenKind kind, IReadOnlyList<byte[]> keys) => new()
    {
        ValidAlgorithms = [SecurityAlgorithms.HmacSha256],
        ValidTypes = [kind.Type],
        ValidIssuer = kind.Issuer,
        ValidAudience = kind.Audience,
        IssuerSigningKeys = keys.Select(key => new SymmetricSecurityKey(key)),
        RequireSignedTokens = true,
        RequireExpirationTime = true,

        // The app itself has set the time.
        ClockSkew = TimeSpan.Zero,
    };
}
