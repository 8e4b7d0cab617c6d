using ChunkStream.App.Demo;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Queries;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.App;

/// <summary>Registers the app that both hosts serve.</summary>
public static class ChunkStreamApp
{
    /// <summary>Adds the endpoints and all behind them. Sockets keep little that a slow reader has not taken, as the app serves nothing else.</summary>
    public static ChunkStreamBuilder AddChunkStreamApp(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.Configure<SocketTransportOptions>(UnsentLimit.Configure);
        services.AddSingleton<DemoEndpoints>();
        services.AddSingleton(provider => new StreamEndpoints(
            provider.GetRequiredService<DemoEndpoints>(),
            provider.GetRequiredService<QueryEndpoint>(),
            provider.GetRequiredService<DurableEndpoint>(),
            provider.GetRequiredService<PostgresHealth>()));
        return services.AddChunkStream().AddQueries().AddDurableStreams();
    }
}
