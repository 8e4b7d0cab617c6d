using System.Diagnostics.Metrics;
using ChunkStream.Configuration;
using ChunkStream.DurableStreams;
using ChunkStream.DurableStreams.Access;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Metrics;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Streaming;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers durable streams.</summary>
public static class DurableStreamServices
{
    /// <summary>
    /// Adds durable streams and recordings; with them, the database. Settings are read from the configuration section
    /// <c>ChunkStream:Streams</c>, and checked when the host starts. While the host runs, what has expired or was
    /// deleted is taken out of the database every <c>SweepSeconds</c>.
    /// </summary>
    /// <param name="builder">What <c>AddChunkStream()</c> gave.</param>
    /// <param name="configure">Changes the settings, after the configuration.</param>
    public static ChunkStreamBuilder AddDurableStreams(
        this ChunkStreamBuilder builder, Action<DurableStreamOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddPostgres();
        var services = builder.Services;
        var options = services.AddCheckedSettings<DurableStreamOptions, DurableStreamOptionsAttributes>(
            DurableStreamOptions.Section);
        if (configure is not null)
            options.Configure(configure);
        services.TryAddSingleton<DurableLog>();
        services.TryAddSingleton<DurableDatabase>();
        services.TryAddSingleton<SqlCalls>();
        services.TryAddSingleton<DurableStore>();
        services.TryAddSingleton(provider => new DurableStreamSweep(
            provider.GetRequiredService<DurableDatabase>(),
            provider.GetRequiredService<DurableStore>(),
            provider.GetRequiredService<IMeterFactory>()));
        services.TryAddSingleton<ChangeNotifier>();
        services.TryAddSingleton<ChangeListener>();
        services.TryAddSingleton<LiveStreams>();
        services.TryAddSingleton<IChangeSink, ChangeBroadcast>();
        services.TryAddSingleton<AppendRoom>();
        services.TryAddSingleton<AppendQueue>();
        services.TryAddSingleton<BodyReader>();
        services.TryAddSingleton<DurableRequestLog>();
        services.TryAddSingleton<PolicyFile>();
        services.TryAddSingleton<Capabilities>();
        services.TryAddSingleton<DurableAccess>();
        services.TryAddSingleton<CapabilityEndpoint>();
        services.TryAddEnumerable(
        [
            ServiceDescriptor.Singleton<DurableMethod, GetMethod>(),
            ServiceDescriptor.Singleton<DurableMethod, HeadMethod>(),
            ServiceDescriptor.Singleton<DurableMethod, PutMethod>(),
            ServiceDescriptor.Singleton<DurableMethod, PostMethod>(),
            ServiceDescriptor.Singleton<DurableMethod, DeleteMethod>(),
        ]);
        services.TryAddSingleton<DurableMetrics>();
        services.TryAddSingleton(Measured(provider => new DurableEndpoint(
            provider.GetServices<DurableMethod>(),
            provider.GetRequiredService<DurableAccess>(),
            provider.GetRequiredService<StreamEngine>(),
            provider.GetRequiredService<DurableRequestLog>())));
        services.TryAddSingleton<RecordingStore>();
        services.TryAddSingleton<RecordingLog>();
        services.TryAddSingleton<RecordingRegistry>();
        services.TryAddSingleton(Measured(provider => new RecordingEndpoint(
            provider.GetRequiredService<RecordingRegistry>(),
            provider.GetRequiredService<DurableAccess>(),
            provider.GetRequiredService<IOptions<DurableStreamOptions>>())));
        services.AddHostedService<DurableStreamSweepService>();
        services.AddHostedService<PolicyCheckAtStart>();
        return builder;
    }

    // Whatever is measured begins at one of these endpoints. The instruments are made with the first of them: in time,
    // and not when the app starts.
    private static Func<IServiceProvider, T> Measured<T>(Func<IServiceProvider, T> create)
        where T : class
        => provider =>
        {
            provider.GetRequiredService<DurableMetrics>();
            return create(provider);
        };
}
