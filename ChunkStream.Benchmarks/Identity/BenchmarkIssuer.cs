using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ChunkStream.Benchmarks.Identity;

/// <summary>An issuer in this process that publishes one key, and a token of it for an hour.</summary>
internal sealed class BenchmarkIssuer : IAsyncDisposable
{
    /// <summary>The claim <c>iss</c> of its token.</summary>
    public const string Name = "https://issuer.example";

    /// <summary>The claim <c>aud</c> of its token.</summary>
    public const string Audience = "api://orders";

    private const string KeyId = "first";

    private readonly WebApplication _app;

    private BenchmarkIssuer(WebApplication app, string token) => (_app, Token) = (app, token);

    /// <summary>The token.</summary>
    public string Token { get; }

    /// <summary>Where its keys are.</summary>
    public string JwksUri => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
        .Addresses.Single() + "/keys";

    public static SecurityKey RsaKey() => new RsaSecurityKey(RSA.Create(2048)) { KeyId = KeyId };

    public static SecurityKey EcKey()
        => new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = KeyId };

    /// <summary>Starts it.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="algorithm">With what it signs.</param>
    public static async Task<BenchmarkIssuer> StartAsync(SecurityKey key, string algorithm)
    {
        var published = JsonWebKeyConverter.ConvertFromSecurityKey(key);
        var keys = $$"""
            {"keys":[{"kid":"{{KeyId}}","use":"sig","kty":"{{published.Kty}}","crv":"{{published.Crv}}",
              "x":"{{published.X}}","y":"{{published.Y}}","n":"{{published.N}}","e":"{{published.E}}"}]}
            """;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.MapGet("/keys", () => keys);
        await app.StartAsync();
        return new BenchmarkIssuer(app, new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Name,
            Audience = Audience,
            Expires = TimeProvider.System.GetUtcNow().AddHours(1).UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = "anna", ["roles"] = "reader" },
            SigningCredentials = new(key, algorithm),
        }));
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
