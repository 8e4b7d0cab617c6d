using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect.Configuration;

namespace ChunkStream.Identity.Tokens;

/// <summary>
/// What an issuer publishes: its name and its keys. They are fetched when the first token comes, every hour, and when a
/// token names a key that is not known. Once there are some, a fetch that fails changes nothing.
/// </summary>
/// <param name="options">The issuer.</param>
/// <param name="refresh">How much time lies between two fetches that tokens cause.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Tells fetches that fail.</param>
internal sealed class IssuerKeys(IssuerOptions options, TimeSpan refresh, TimeProvider time, IdentityLog log)
{
    private const string Discovery = "/.well-known/openid-configuration";

    // As long as clients are told to wait.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly string _address = options.JwksUri ?? options.Authority!.TrimEnd('/') + Discovery;
    private ConfigurationManager<OpenIdConnectConfiguration>? _published;
    private Task _fetch = Task.CompletedTask;
    private long? _began;

    /// <summary>What is known; if it is nothing, what the issuer says.</summary>
    /// <exception cref="KeysUnavailableException">It says nothing.</exception>
    public async ValueTask<OpenIdConnectConfiguration> GetAsync(CancellationToken cancellation)
    {
        if (_published is null)
            await FetchAsync(Pause).WaitAsync(cancellation).ConfigureAwait(false);
        return await Known().ConfigureAwait(false);
    }

    /// <summary>What the issuer says now, or what is known if it was asked just before, or does not answer.</summary>
    public async ValueTask<OpenIdConnectConfiguration> RenewAsync(CancellationToken cancellation)
    {
        await FetchAsync(refresh).WaitAsync(cancellation).ConfigureAwait(false);
        return await Known().ConfigureAwait(false);
    }

    // The library fetches again by itself, in the background, and keeps what it has when that fails.
    private Task<OpenIdConnectConfiguration> Known()
        => (_published ?? throw new KeysUnavailableException()).GetConfigurationAsync(CancellationToken.None);

    // All who wait share one fetch. The library's own RequestRefresh does not wait for its end, and so would refuse the
    // first tokens of a new key.
    private Task FetchAsync(TimeSpan pause)
    {
        lock (_lock)
        {
            if (!_fetch.IsCompleted || (_began is { } began && time.GetElapsedTime(began) < pause))
                return _fetch;
            _began = time.GetTimestamp();
            return _fetch = Task.Run(FetchAsync);
        }
    }

    private async Task FetchAsync()
    {
        try
        {
            var published = new ConfigurationManager<OpenIdConnectConfiguration>(
                _address,
                options.JwksUri is null ? new OpenIdConnectConfigurationRetriever() : new JwksRetriever(),
                IssuerDocuments.For(_address),
                new OpenIdConnectConfigurationValidator())
            {
                AutomaticRefreshInterval = TimeSpan.FromHours(1),
            };
            var configuration = await published.GetConfigurationAsync(CancellationToken.None).ConfigureAwait(false);
            if (options.Issuer is null && string.IsNullOrEmpty(configuration.Issuer))
                throw new InvalidDataException("It does not tell its name (issuer).");
            _published = published;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            log.IssuerUnavailable(_address, failure);
        }
    }
}

/// <summary>The keys of an issuer are not known, and can't be fetched now.</summary>
internal sealed class KeysUnavailableException : Exception;
