using System.Buffers.Text;
using System.Text.Json;
using ChunkStream.Problems;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ChunkStream.Identity.Tokens;

/// <summary>Reads access tokens: signed JWTs (RFC 7519, RFC 9068) of the issuers that are trusted.</summary>
internal sealed class AccessTokens(TrustedIssuers issuers, IReadOnlyList<string> roleClaims, TimeProvider time)
{
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };

    /// <summary>Makes it of the settings. No issuer is asked before a token of it comes.</summary>
    /// <param name="options">The settings, which were checked.</param>
    /// <param name="roleClaims">The paths of the claims that are roles.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs issuers that can't be reached.</param>
    public static AccessTokens Create(
        IdentityOptions options, IReadOnlyList<string> roleClaims, TimeProvider time, ILoggerFactory loggers)
        => new(TrustedIssuers.Create(options, time, loggers), roleClaims, time);

    /// <summary>The caller whom a token names, or why it does not hold.</summary>
    /// <param name="text">The token in its compact form.</param>
    /// <param name="cancellation">Ends the wait for an issuer.</param>
    public async ValueTask<(Caller? Caller, Problem? Problem)> ReadAsync(string text, CancellationToken cancellation)
    {
        try
        {
            if (CompactJwt.Parse(text) is not { } token)
                return (null, TokenProblems.NotJwt);
            var problem = WhyUnreadable(token) ?? await WhyNotAsync(token, cancellation).ConfigureAwait(false);
            return problem is null ? Read(token) : (null, problem);
        }
        catch (KeysUnavailableException)
        {
            return (null, TokenProblems.Unavailable);
        }
        catch (FormatException)
        {
            return (null, TokenProblems.NotJwt);
        }
    }

    // Refused before its issuer is asked for anything.
    private Problem? WhyUnreadable(JsonWebToken token)
    {
        if (!issuers.Algorithms.Contains(token.Alg))
            return TokenProblems.Algorithm;
        if (token.TryGetHeaderValue<object>("crit", out _))
            return TokenProblems.Critical;
        return "JWT".Equals(token.Cty, StringComparison.OrdinalIgnoreCase) || token.InnerToken is not null
            ? TokenProblems.Encrypted
            : null;
    }

    private async ValueTask<Problem?> WhyNotAsync(JsonWebToken token, CancellationToken cancellation)
    {
        if (await issuers.FindAsync(token.Issuer, cancellation).ConfigureAwait(false) is not { } issuer)
            return TokenProblems.UnknownIssuer;
        if (!issuer.Algorithms.Contains(token.Alg))
            return TokenProblems.Algorithm;

        var rules = await issuer.RulesAsync(cancellation).ConfigureAwait(false);
        var failure = await FailureAsync(token, rules).ConfigureAwait(false);

        // The issuer may have new keys.
        if (failure is SecurityTokenInvalidSignatureException
            && await NewRulesAsync(issuer, rules, failure, cancellation).ConfigureAwait(false) is { } newRules)
            failure = await FailureAsync(token, newRules).ConfigureAwait(false);
        return failure is null ? null : Describe(failure);
    }

    private static async ValueTask<TokenValidationParameters?> NewRulesAsync(
        TrustedIssuer issuer, TokenValidationParameters rules, Exception failure, CancellationToken cancellation)
    {
        try
        {
            return await issuer.NewRulesAsync(rules, cancellation).ConfigureAwait(false);
        }
        catch (KeysUnavailableException) when (failure is not SecurityTokenSignatureKeyNotFoundException)
        {
            // Its key is known. A token whose key is not may be as good as any.
            return null;
        }
    }

    private async Task<Exception?> FailureAsync(JsonWebToken token, TokenValidationParameters rules)
    {
        var result = await _handler.ValidateTokenAsync(token, rules).ConfigureAwait(false);
        return result.IsValid ? null : result.Exception ?? new SecurityTokenValidationException();
    }

    private static Problem Describe(Exception failure) => failure switch
    {
        SecurityTokenExpiredException => TokenProblems.Expired,
        SecurityTokenNotYetValidException => TokenProblems.NotYetValid,
        SecurityTokenNoExpirationException => TokenProblems.NoExpiry,
        SecurityTokenInvalidLifetimeException => TokenProblems.Expired,
        SecurityTokenInvalidAudienceException => TokenProblems.Audience,
        SecurityTokenInvalidIssuerException => TokenProblems.UnknownIssuer,
        SecurityTokenInvalidAlgorithmException => TokenProblems.Algorithm,
        SecurityTokenSignatureKeyNotFoundException => TokenProblems.UnknownKey,
        SecurityTokenInvalidSignatureException => TokenProblems.Signature,
        _ => TokenProblems.NotJwt,
    };

    private (Caller? Caller, Problem? Problem) Read(JsonWebToken token)
    {
        if (ClaimsJson.Read(Base64Url.DecodeFromChars(token.EncodedPayload)) is not { } claims)
            return (null, TokenProblems.Unreadable);
        if (!claims.TryGetProperty("sub", out var sub)
            || sub.ValueKind is not JsonValueKind.String || sub.GetString() is not { Length: > 0 } subject)
            return (null, TokenProblems.NoSubject);

        var roles = roleClaims.SelectMany(path => Caller.Texts(claims, path));
        return (new Caller(token.Issuer, subject, claims, roles, Expiry(token)), null);
    }

    // A token may be used for a little longer than it says, because clocks differ.
    private DateTimeOffset Expiry(JsonWebToken token)
    {
        DateTimeOffset expiry = token.ValidTo;
        return expiry > time.GetUtcNow() ? expiry : expiry + TrustedIssuer.ClockSkew;
    }
}
