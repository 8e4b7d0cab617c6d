using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using ChunkStream.Identity;
using ChunkStream.Identity.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>
/// What it costs a request to say who is calling, when the issuer's keys are known: from the header to the caller.
/// </summary>
[MemoryDiagnoser]
public class IdentityBenchmarks
{
    private const string Issuer = "https://issuer.example";
    private const string Audience = "api://orders";

    private readonly DefaultHttpContext _http = new();
    private WebApplication _issuer = null!;
    private ICallers _callers = null!;

    /// <summary>With what the token is signed.</summary>
    [Params(SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256)]
    public string Algorithm { get; set; } = "";

    [GlobalSetup]
    public async Task SetupAsync()
    {
        SecurityKey key = Algorithm == SecurityAlgorithms.RsaSha256
            ? new RsaSecurityKey(RSA.Create(2048)) { KeyId = "first" }
            : new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "first" };
        var published = JsonWebKeyConverter.ConvertFromSecurityKey(key);
        var keys = $$"""
            {"keys":[{"kid":"first","use":"sig","kty":"{{published.Kty}}","crv":"{{published.Crv}}",
              "x":"{{published.X}}","y":"{{published.Y}}","n":"{{published.N}}","e":"{{published.E}}"}]}
            """;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _issuer = builder.Build();
        _issuer.MapGet("/keys", () => keys);
        await _issuer.StartAsync();
        var address = _issuer.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
            .Addresses.Single();
        _callers = RequestCallers.Create(
            new() { Issuers = { new() { JwksUri = address + "/keys", Issuer = Issuer, Audience = Audience } } },
            TimeProvider.System, NullLoggerFactory.Instance);
        var token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            Expires = TimeProvider.System.GetUtcNow().AddHours(1).UtcDateTime,
            Claims = new Dictionary<string, object> { ["sub"] = "anna", ["roles"] = "reader" },
            SigningCredentials = new(key, Algorithm),
        });
        _http.Request.Headers.Authorization = $"Bearer {token}";
        if (await FindAsync() != "anna")
            throw new InvalidOperationException("The token does not hold.");
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _issuer.DisposeAsync();

    [Benchmark]
    public async Task<string?> FindAsync()
        => (await _callers.FindAsync(_http, CancellationToken.None)).Caller?.Subject;
}
