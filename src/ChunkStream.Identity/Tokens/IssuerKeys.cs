using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect.Configuration;

namespace ChunkStream.Identity.Tokens;

/// <summary>
/// What an issuer publishes: its name and its keys. They are fetched when the first token comes, every hour, and when a
/// token names a key that is not known. Once there are some, a fetch that fails changes nothing for the tokens of known
/// keys.
/// </summary>
/// <param name="options">The issuer.</param>
/// <param name="refresh">How much time lies between two fetches that tokens cause.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Tells fetches that fail.</param>
internal sealed class IssuerKeys(IssuerOptions options, TimeSpan refresh, TimeProvider time, IdentityLog log)
{
    private const string Discovery = "/.well-known/openid-configuration";

    // How long a request waits for an issuer that does not answer.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    // After a failure, as long as clients are told to wait.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly string _address = options.JwksUri ?? options.Authority!.TrimEnd('/') + Discovery;
    private ConfigurationManager<OpenIdConnectConfiguration>? _published;
    private Task<bool> _fetch = Task.FromResult(false);
    private TimeSpan _pause;
    private long? _fetched;

    /// <summary>What is known; if it is nothing, what the issuer says.</summary>
    /// <exception cref="KeysUnavailableException">It says nothing.</exception>
    public async ValueTask<OpenIdConnectConfiguration> GetAsync(CancellationToken cancellation)
    {
        if (_published is null)
            await FetchOnceAsync().WaitAsync(cancellation).ConfigureAwait(false);
        return await Known().ConfigureAwait(false);
    }

    /// <summary>What the issuer says now, or what is known if it was asked just before.</summary>
    /// <exception cref="KeysUnavailableException">It says nothing.</exception>
    public async ValueTask<OpenIdConnectConfiguration> RenewAsync(CancellationToken cancellation)
    {
        if (!await FetchOnceAsync().WaitAsync(cancellation).ConfigureAwait(false))
            throw new KeysUnavailableException();
        return await Known().ConfigureAwait(false);
    }

    // The library fetches again by itself, in the background, and keeps what it has when that fails.
    private Task<OpenIdConnectConfiguration> Known()
        => (_published ?? throw new KeysUnavailableException()).GetConfigurationAsync(CancellationToken.None);

    // All who wait share one fetch. The library's own RequestRefresh does not wait for its end, and so would refuse the
    // first tokens of a new key.
    private Task<bool> FetchOnceAsync()
    {
        lock (_lock)
        {
            if (!_fetch.IsCompleted || (_fetched is { } at && time.GetElapsedTime(at) < _pause))
                return _fetch;
            (_fetched, _pause) = (time.GetTimestamp(), refresh);
            return _fetch = Task.Run(FetchAsync);
        }
    }

    // The library gives no fetch up when its caller does, since it may have several.
    private async Task<OpenIdConnectConfiguration> WithinLimitAsync(
        ConfigurationManager<OpenIdConnectConfiguration> published)
    {
        try
        {
            return await published.GetConfigurationAsync(CancellationToken.None).WaitAsync(Limit, time)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"It does not answer within {Limit.TotalSeconds:0} s.");
        }
    }

    // Whether it succeeded.
    private async Task<bool> FetchAsync()
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
            var configuration = await WithinLimitAsync(published).ConfigureAwait(false);
            if (options.Issuer is null && string.IsNullOrEmpty(configuration.Issuer))
                throw new InvalidDataException("It does not tell its name (issuer).");
            _published = published;
            return true;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // From its end on: whoever comes next does not wait for the same silence again.
            lock (_lock)
                (_fetched, _pause) = (time.GetTimestamp(), Pause < refresh ? Pause : refresh);
            log.IssuerUnavailable(_address, failure);
            return false;
        }
    }
}

/// <summary>The keys of an issuer are not known, and can't be fetched now.</summary>
internal sealed class KeysUnavailableException : Exception;
