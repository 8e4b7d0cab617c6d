using ChunkStream;
using ChunkStream.Configuration;
using ChunkStream.Streaming;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers ChunkStream in an app.</summary>
public static class ChunkStreamServices
{
    /// <summary>
    /// Adds what <see cref="StreamResults"/> needs, and nothing else. Settings are read from the configuration section
    /// <c>ChunkStream:Streaming</c> and checked when the host starts. A second call adds nothing but its settings.
    /// </summary>
    /// <param name="services">The services of the app.</param>
    /// <param name="configure">Changes the settings after they were read from the configuration.</param>
    /// <returns>The builder to which <c>AddPostgres()</c> and others add more.</returns>
    public static ChunkStreamBuilder AddChunkStream(
        this IServiceCollection services, Action<StreamingOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddCheckedSettings<StreamingOptions, StreamingOptionsAttributes>(
            StreamingOptions.Section);
        if (configure is not null)
            options.Configure(configure);
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(PlatformTimeLimit.None);
        services.TryAddSingleton(FirstResponse.NotAwaited);
        services.TryAddSingleton<StreamEngine>();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IPostConfigureOptions<HostOptions>, ShutdownTime>());
        return new ChunkStreamBuilder(services);
    }
}
