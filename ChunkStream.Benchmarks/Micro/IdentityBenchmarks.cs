using BenchmarkDotNet.Attributes;
using ChunkStream.Benchmarks.Identity;
using ChunkStream.Identity;
using ChunkStream.Identity.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.IdentityModel.Tokens;

namespace ChunkStream.Benchmarks.Micro;

/// <summary>
/// What it costs a request to say who is calling, when the issuer's keys are known: from the header to the caller.
/// </summary>
[MemoryDiagnoser]
public class IdentityBenchmarks
{
    private readonly DefaultHttpContext _http = new();
    private BenchmarkIssuer _issuer = null!;
    private ICallers _callers = null!;

    /// <summary>With what the token is signed.</summary>
    [Params(SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256)]
    public string Algorithm { get; set; } = "";

    [GlobalSetup]
    public async Task SetupAsync()
    {
        var key = Algorithm == SecurityAlgorithms.RsaSha256 ? BenchmarkIssuer.RsaKey() : BenchmarkIssuer.EcKey();
        _issuer = await BenchmarkIssuer.StartAsync(key, Algorithm);
        _callers = RequestCallers.Create(
            new()
            {
                Issuers =
                {
                    new()
                    {
                        JwksUri = _issuer.JwksUri,
                        Issuer = BenchmarkIssuer.Name,
                        Audience = BenchmarkIssuer.Audience,
                    },
                },
            },
            TimeProvider.System, NullLoggerFactory.Instance);
        _http.Request.Headers.Authorization = $"Bearer {_issuer.Token}";
        if (await FindAsync() != "anna")
            throw new InvalidOperationException("The token does not hold.");
    }

    [GlobalCleanup]
    public async Task CleanupAsync() => await _issuer.DisposeAsync();

    [Benchmark]
    public async Task<string?> FindAsync()
        => (await _callers.FindAsync(_http, CancellationToken.None)).Caller?.Subject;
}
