using System.Collections.Frozen;
using Microsoft.Extensions.Logging;

namespace ChunkStream.Identity.Tokens;

/// <summary>The issuers whose tokens hold here.</summary>
internal sealed class TrustedIssuers
{
    private readonly TrustedIssuer[] _issuers;

    private TrustedIssuers(TrustedIssuer[] issuers)
    {
        _issuers = issuers;
        Algorithms = issuers.SelectMany(issuer => issuer.Algorithms).ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>The algorithms with which any of them may sign.</summary>
    public FrozenSet<string> Algorithms { get; }

    /// <summary>Makes them of the settings.</summary>
    /// <param name="options">The settings, which were checked.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Logs issuers that can't be reached.</param>
    public static TrustedIssuers Create(IdentityOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger(typeof(TrustedIssuers).FullName!);
        var refresh = TimeSpan.FromSeconds(options.KeyRefreshSeconds);
        return new(
        [
            .. options.Issuers.Select(issuer => new TrustedIssuer(
                issuer, new IssuerKeys(issuer, refresh, time, new IdentityLog(logger)))),
        ]);
    }

    /// <summary>
    /// Finds an issuer by its name. A provider tells its name itself, so those whose name is not known yet are asked,
    /// the likeliest first.
    /// </summary>
    /// <param name="name">The claim <c>iss</c> of a token that was not checked yet.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Null if there is none.</returns>
    /// <exception cref="KeysUnavailableException">It could be one that can't be reached.</exception>
    public async ValueTask<TrustedIssuer?> FindAsync(string name, CancellationToken cancellation)
    {
        foreach (var issuer in _issuers)
        {
            if (issuer.Name == name)
                return issuer;
        }

        var failure = (KeysUnavailableException?)null;
        foreach (var issuer in _issuers.Where(issuer => issuer.Name is null)
            .OrderByDescending(issuer => issuer.IsLikely(name)))
        {
            try
            {
                await issuer.RulesAsync(cancellation).ConfigureAwait(false);
                if (issuer.Name == name)
                    return issuer;
            }
            catch (KeysUnavailableException unavailable)
            {
                failure = unavailable;
            }
        }

        return failure is null ? null : throw failure;
    }
}
