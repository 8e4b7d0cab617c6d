using ChunkStream.Configuration;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace ChunkStream.Identity.Tokens;

/// <summary>An issuer, and by which rules its tokens are checked.</summary>
internal sealed class TrustedIssuer(IssuerOptions options, IssuerKeys keys)
{
    /// <summary>How far the clocks of the issuer and of this machine may differ.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private readonly string[] _audiences = TextList.Read(options.Audience);
    private Checked? _checked;

    /// <summary>The claim <c>iss</c> of its tokens; null while only the provider knows it.</summary>
    public string? Name => options.Issuer ?? _checked?.Rules.ValidIssuer;

    /// <summary>The algorithms with which it may sign.</summary>
    public string[] Algorithms { get; } = TextList.Read(options.Algorithms);

    /// <summary>Whether this is probably its name, before it was asked.</summary>
    public bool IsLikely(string name) => name.TrimEnd('/') == options.Authority?.TrimEnd('/');

    /// <summary>How its tokens are checked, with the keys that are known.</summary>
    /// <exception cref="KeysUnavailableException">None are, and the issuer can't be reached.</exception>
    public async ValueTask<TokenValidationParameters> RulesAsync(CancellationToken cancellation)
        => RulesFor(await keys.GetAsync(cancellation).ConfigureAwait(false));

    /// <summary>
    /// The same with the keys that the issuer has now; null if it has no others, or was asked just before.
    /// </summary>
    /// <param name="rules">Those by which a token did not hold.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="KeysUnavailableException">The issuer can't be reached.</exception>
    public async ValueTask<TokenValidationParameters?> NewRulesAsync(
        TokenValidationParameters rules, CancellationToken cancellation)
    {
        var renewed = RulesFor(await keys.RenewAsync(cancellation).ConfigureAwait(false));
        return ReferenceEquals(renewed, rules) ? null : renewed;
    }

    private TokenValidationParameters RulesFor(OpenIdConnectConfiguration published)
    {
        if (_checked is { } known && ReferenceEquals(known.Published, published))
            return known.Rules;
        var rules = Rules(published);
        _checked = new Checked(published, rules);
        return rules;
    }

    private TokenValidationParameters Rules(OpenIdConnectConfiguration published)
    {
        var all = published.SigningKeys.ToArray();
        return new()
        {
            ValidIssuer = options.Issuer ?? published.Issuer,
            ValidAudiences = _audiences,
            ValidAlgorithms = Algorithms,
            ClockSkew = ClockSkew,
            RequireSignedTokens = true,
            RequireExpirationTime = true,

            // A key that is named is the only one that counts.
            TryAllIssuerSigningKeys = false,
            IssuerSigningKeyResolver = (_, _, kid, _)
                => string.IsNullOrEmpty(kid) ? all : all.Where(key => key.KeyId == kid),
        };
    }

    private sealed record Checked(OpenIdConnectConfiguration Published, TokenValidationParameters Rules);
}
