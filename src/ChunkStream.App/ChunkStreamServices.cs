using ChunkStream.Configuration;
using ChunkStream.DurableStreams;
using ChunkStream.DurableStreams.Live;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Queries;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChunkStream.App;

/// <summary>Registers ChunkStream in a host's container: the same call in the function app and the local host.</summary>
public static class ChunkStreamServices
{
    /// <summary>
    /// Adds the endpoints and all behind them. Settings are read from <c>ConnectionStrings:Postgres</c>,
    /// <c>ChunkStream:*</c> and host.json's <c>functionTimeout</c>, and checked when the host starts.
    /// </summary>
    public static IServiceCollection AddChunkStream(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);

        services.AddCheckedSettings<StreamingOptions>(configuration, StreamingOptions.Section);
        services.AddCheckedSettings<PostgresOptions>(configuration, PostgresOptions.Section);
        services.AddSingleton<IValidateOptions<PostgresOptions>>(new ConnectionStringCheck(configuration));
        services.AddCheckedSettings<QueryOptions>(configuration, QueryOptions.Section, "Streaming", "Postgres", "Streams", "LocalHost");
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.Configure<SocketTransportOptions>(UnsentLimit.Configure);
        services.AddSingleton(PlatformTimeLimit.Of(configuration));
        services.AddSingleton<StreamEngine>();
        services.AddSingleton(provider => new PostgresDatabase(
            configuration.GetConnectionString("Postgres"),
            provider.GetRequiredService<IOptions<PostgresOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>(),
            () => PasswordNow(configuration)));
        services.AddSingleton(provider => new StreamEndpoints(
            provider.GetRequiredService<StreamEngine>(),
            provider.GetRequiredService<PostgresDatabase>(),
            provider.GetRequiredService<QueryCatalogue>(),
            provider.GetRequiredService<DurableEndpoints>(),
            provider.GetRequiredService<RecordedStreams>()));
        services.AddSingleton<QueryCatalogue>();
        services.AddHostedService<QueryCheckAtStart>();
        services.AddDurableStreams(configuration);
        return services;
    }

    /// <summary>
    /// Takes expired and deleted streams out of the database every so often: <c>ChunkStream:Streams:SweepSeconds</c>. For a host
    /// that runs all the time; elsewhere a timer calls <see cref="StreamSweep"/>.
    /// </summary>
    public static IServiceCollection AddStreamSweep(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        return services.AddHostedService<StreamSweepService>();
    }

    // A configuration that is read anew when it changes may hold another one by now.
    private static string? PasswordNow(IConfiguration configuration)
        => configuration.GetConnectionString("Postgres") is { Length: > 0 } text ? ConnectionString.Read(text).Password : null;

    private static void AddDurableStreams(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddCheckedSettings<DurableOptions>(configuration, DurableOptions.Section);
        services.AddSingleton(provider => new DurableLog(provider.GetRequiredService<ILogger<DurableStore>>()));
        services.AddSingleton(provider => new DurableDatabase(
            configuration.GetConnectionString("Postgres"),
            provider.GetRequiredService<IOptions<DurableOptions>>(),
            provider.GetRequiredService<IOptions<PostgresOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<DurableLog>(),
            provider.GetRequiredService<ILoggerFactory>(),
            () => PasswordNow(configuration)));
        services.AddSingleton<SqlCalls>();
        services.AddSingleton<StreamFunctions>();
        services.AddSingleton<RecordingFunctions>();
        services.AddSingleton<ChangeNotifier>();
        services.AddSingleton<ChangeListener>();
        services.AddSingleton<LiveStreams>();
        services.AddSingleton<IChangeSink, StreamChanges>();
        services.AddSingleton(provider => new AppendRoom(provider.GetRequiredService<IOptions<DurableOptions>>().Value.MaxWaitingBytes));
        services.AddSingleton<AppendQueue>();
        services.AddSingleton<DurableStore>();
        services.AddSingleton(provider => new StreamSweep(
            provider.GetRequiredService<DurableDatabase>(), provider.GetRequiredService<StreamFunctions>()));
        services.AddSingleton<DurableEndpoints>();
        services.AddSingleton<RecordingLog>();
        services.AddSingleton<RecordingRegistry>();
        services.AddSingleton(provider => new RecordedStreams(
            provider.GetRequiredService<RecordingRegistry>(), provider.GetRequiredService<StreamEngine>(), provider.GetRequiredService<IOptions<DurableOptions>>()));
    }
}
