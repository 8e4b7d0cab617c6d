using ChunkStream.App;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace ChunkStream.LocalHost.Web;

/// <summary>The origins whose pages may read the endpoints, as <see cref="LocalHostOptions.CorsOrigins"/> lists them.</summary>
internal sealed class CorsOrigins
{
    private const string Setting = LocalHostOptions.Section + ":" + nameof(LocalHostOptions.CorsOrigins);
    private const string Everybody = "*";

    // A browser asks before each request that has a key, unless it may remember the answer.
    private static readonly TimeSpan PreflightAge = TimeSpan.FromMinutes(10);

    private readonly string[] _origins;

    private CorsOrigins(string[] origins) => _origins = origins;

    /// <summary>Whether there are any.</summary>
    public bool Any => _origins.Length > 0;

    /// <summary>Whether every page may.</summary>
    public bool AllowEverybody => _origins is [Everybody];

    /// <summary>Whether the pages of an origin may.</summary>
    public bool Allow(string origin) => AllowEverybody || _origins.Contains(origin, StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a list with commas.</summary>
    public static CorsOrigins Parse(string? list)
        => new((list ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    /// <summary>What is wrong with them: a sentence each.</summary>
    /// <param name="isLoopback">Whether only this machine can connect.</param>
    public IEnumerable<string> Mistakes(bool isLoopback)
    {
        foreach (var origin in _origins.Where(origin => origin != Everybody))
        {
            if (!IsOrigin(origin))
            {
                yield return $"{Setting} has \"{origin}\", which is no origin: give scheme, host and port alone, without a path "
                    + "or a slash at the end, such as https://app.example.org or http://localhost:5173.";
            }
        }

        if (_origins.Contains(Everybody) && _origins.Length > 1)
            yield return $"{Setting} has * and others: * is all of them, so leave it out, or leave out the others.";
        if (_origins.Contains(Everybody) && !isLoopback)
            yield return $"{Setting} is *, every page on the web, but others can reach this address: name the origins.";
    }

    /// <summary>Lets them read. Never with credentials: whoever needs a key sends it in a header.</summary>
    public void Configure(CorsPolicyBuilder policy)
    {
        _ = AllowEverybody ? policy.AllowAnyOrigin() : policy.WithOrigins(_origins);
        policy
            .WithMethods([.. EndpointTable.BuiltIn.SelectMany(endpoint => endpoint.Methods).Distinct()])
            .AllowAnyHeader()
            .WithExposedHeaders([.. EndpointTable.ExposedHeaders])
            .SetPreflightMaxAge(PreflightAge);
    }

    // As a browser spells it in its Origin header: with what it leaves out, the default port say, nothing would match.
    private static bool IsOrigin(string text)
        => Uri.TryCreate(text, UriKind.Absolute, out var address)
            && address.Scheme is "http" or "https"
            && address.GetLeftPart(UriPartial.Authority).Equals(text, StringComparison.OrdinalIgnoreCase)
            && address.UserInfo.Length == 0;
}
