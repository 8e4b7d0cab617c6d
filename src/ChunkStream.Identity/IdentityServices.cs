using ChunkStream.Configuration;
using ChunkStream.Identity;
using ChunkStream.Identity.Requests;
using ChunkStream.Identity.Tokens;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers what finds out who is calling.</summary>
public static class IdentityServices
{
    /// <summary>
    /// Believes the access tokens of the issuers that the configuration section <c>ChunkStream:Identity</c> names. The
    /// settings are checked when the host starts; issuers are first asked when a token comes. Without settings the
    /// caller stays whom ASP.NET Core has signed in.
    /// </summary>
    /// <param name="builder">What <c>AddChunkStream()</c> gave.</param>
    /// <param name="configure">Changes the settings, after the configuration.</param>
    public static ChunkStreamBuilder AddIdentity(
        this ChunkStreamBuilder builder, Action<IdentityOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        var options = services.AddCheckedSettings<IdentityOptions, IdentityOptionsAttributes>(
            IdentityOptions.Section, nameof(IdentityOptions.Issuers));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<IdentityOptions>, IssuerSettings>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<IdentityOptions>, IssuerSettings>());
        if (configure is not null)
            options.Configure(configure);
        services.TryAddSingleton<ICallers>(provider => RequestCallers.Create(
            provider.GetRequiredService<IOptions<IdentityOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.TryAddSingleton<ISecretTokens, SecretTokens>();
        return builder;
    }
}
