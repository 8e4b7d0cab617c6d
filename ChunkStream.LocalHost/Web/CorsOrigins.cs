using ChunkStream.App;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace ChunkStream.LocalHost.Web;

/// <summary>
/// The origins whose pages may read the endpoints, as <see cref="LocalHostOptions.CorsOrigins"/> lists them.
/// </summary>
internal sealed class CorsOrigins
{
    private const string Setting = LocalHostOptions.Section + ":" + nameof(LocalHostOptions.CorsOrigins);
    private const string Everybody = "*";

    // How long a browser remembers the answer to a preflight request. Otherwise it sends one before each request with a
    // key.
    private static readonly TimeSpan PreflightAge = TimeSpan.FromMinutes(10);

    private readonly string[] _origins;

    private CorsOrigins(string[] origins) => _origins = origins;

    /// <summary>Whether any origin is listed.</summary>
    public bool Any => _origins.Length > 0;

    /// <summary>Whether the pages of every origin may read.</summary>
    public bool AllowEverybody => _origins is [Everybody];

    /// <summary>Whether the pages of this origin may read.</summary>
    public bool Allow(string origin) => AllowEverybody || _origins.Contains(origin, StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a list that is separated by commas.</summary>
    public static CorsOrigins Parse(string? list)
        => new((list ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Returns a sentence for each mistake in the list.</summary>
    /// <param name="isLoopback">Whether only this machine can connect.</param>
    public IEnumerable<string> Mistakes(bool isLoopback)
    {
        foreach (var origin in _origins.Where(origin => origin != Everybody))
        {
            if (!IsOrigin(origin))
            {
                yield return $"{Setting} has \"{origin}\", which is no origin: give scheme, host and port alone, "
                    + "without a path or a slash at the end, such as https://app.example.org or http://localhost:5173.";
            }
        }

        if (_origins.Contains(Everybody) && _origins.Length > 1)
            yield return $"{Setting} has * and others: * already means every origin. Give either * or a list.";
        if (_origins.Contains(Everybody) && !isLoopback)
        {
            yield return $"{Setting} is *, which lets every page on the web read, but other machines can reach this "
                + "address: name the origins.";
        }
    }

    /// <summary>
    /// Lets the listed origins read. Credentials are not allowed, because nobody needs them: a key goes in a header.
    /// </summary>
    public void Configure(CorsPolicyBuilder policy)
    {
        _ = AllowEverybody ? policy.AllowAnyOrigin() : policy.WithOrigins(_origins);
        policy
            .WithMethods([.. EndpointTable.BuiltIn.SelectMany(endpoint => endpoint.Methods).Distinct()])
            .AllowAnyHeader()
            .WithExposedHeaders([.. EndpointTable.ExposedHeaders])
            .SetPreflightMaxAge(PreflightAge);
    }

    // An origin must be spelled as browsers spell it in the header Origin. One that names the default port, say, would
    // never match.
    private static bool IsOrigin(string text)
        => Uri.TryCreate(text, UriKind.Absolute, out var address)
            && address.Scheme is "http" or "https"
            && address.GetLeftPart(UriPartial.Authority).Equals(text, StringComparison.OrdinalIgnoreCase)
            && address.UserInfo.Length == 0;
}
