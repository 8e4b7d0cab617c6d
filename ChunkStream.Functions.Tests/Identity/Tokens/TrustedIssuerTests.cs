using ChunkStream.Functions.Tests.Support;
using ChunkStream.Identity;
using ChunkStream.Identity.Tokens;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Logging;

namespace ChunkStream.Functions.Tests.Identity.Tokens;

/// <summary>The rules by which the library checks a token, without what is looked at before.</summary>
public sealed class TrustedIssuerTests
{
    [Fact]
    public async Task The_rules_alone_refuse_what_must_not_hold()
    {
        await using var issuer = await TokenIssuer.StartAsync();
        var options = new IssuerOptions
        {
            JwksUri = issuer.JwksUri,
            Issuer = TokenIssuer.Name,
            Audience = TokenIssuer.Audience,
            Algorithms = "RS256, RS512",
        };
        var log = new IdentityLog(NullLogger.Instance);
        var keys = new IssuerKeys(options, TimeSpan.FromMinutes(1), TimeProvider.System, log);
        var rules = await new TrustedIssuer(options, keys).RulesAsync(CancellationToken.None).AsTask().Within();
        var handler = new JsonWebTokenHandler();

        Assert.True(await HoldsAsync(issuer.Token()));
        Assert.True(await HoldsAsync(issuer.Token(algorithm: "RS512")));
        (string Why, string Token)[] attacks =
        [
            ("its algorithm is not allowed", issuer.Token(algorithm: "PS256")),
            ("its algorithm is not allowed", issuer.Token(key: issuer.Other, algorithm: "ES256")),
            ("the public key is no secret", issuer.Token(algorithm: "HS256")),
            ("it is not signed", issuer.Token(algorithm: "none")),
            ("another key is named", issuer.Token(header: header => header["kid"] = "other")),
            ("no key is named that is known", issuer.Token(header: header => header["kid"] = "FIRST")),
            ("it is of another issuer", issuer.Token(claims: claims => claims["iss"] = TokenIssuer.Name + "/")),
            ("it is for another audience", issuer.Token(claims: claims => claims["aud"] = "api://else")),
            ("it has expired", issuer.Token(claims: claims => claims["exp"] = TokenIssuer.In(-31))),
            ("it never expires", issuer.Token(claims: claims => claims.Remove("exp"))),
            ("it does not hold yet", issuer.Token(claims: claims => claims["nbf"] = TokenIssuer.In(40))),
        ];
        foreach (var (why, token) in attacks)
            Assert.False(await HoldsAsync(token), $"It holds, although {why}.");

        // With it, the library's exceptions and events would have tokens in them.
        Assert.False(IdentityModelEventSource.ShowPII);

        async Task<bool> HoldsAsync(string token) => (await handler.ValidateTokenAsync(token, rules)).IsValid;
    }
}
