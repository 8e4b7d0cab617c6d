namespace ChunkStream.Identity;

/// <summary>An issuer of access tokens. It has an <see cref="Authority"/> or a <see cref="JwksUri"/>.</summary>
public sealed class IssuerOptions
{
    /// <summary>
    /// The provider's address: its name and its keys are found by
    /// <c>{Authority}/.well-known/openid-configuration</c>. HTTPS, except on loopback.
    /// </summary>
    public string? Authority { get; set; }

    /// <summary>Where the keys are, of an issuer without discovery. HTTPS, except on loopback.</summary>
    public string? JwksUri { get; set; }

    /// <summary>
    /// The claim <c>iss</c> of its tokens. Needed with <see cref="JwksUri"/>; with an <see cref="Authority"/> it is
    /// what the provider says.
    /// </summary>
    public string? Issuer { get; set; }

    /// <summary>
    /// The claim <c>aud</c> of the tokens that are meant for this app. Several have commas between; one is enough.
    /// </summary>
    public string? Audience { get; set; }

    /// <summary>The algorithms with which its tokens may be signed, with commas between.</summary>
    public string Algorithms { get; set; } = "RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512";
}
