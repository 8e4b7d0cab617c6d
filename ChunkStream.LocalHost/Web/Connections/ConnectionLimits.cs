using ChunkStream.DurableStreams;
using ChunkStream.Postgres.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace ChunkStream.LocalHost.Web.Connections;

/// <summary>Gives the web host its limit of connections.</summary>
internal static class ConnectionLimits
{
    /// <summary>By the setting, or else by what the system lets this process open; without limit where neither says anything.</summary>
    public static void AddConnectionLimit(this IServiceCollection services, LocalHostOptions options, IConfiguration configuration)
    {
        if (options.MaxConnections is null && Descriptors.Limit() is null)
            return;

        services.AddSingleton(provider => new ConnectionLimit(
            options.MaxConnections ?? Descriptors.ForClients(
                Descriptors.Limit()!.Value,
                PoolSizeOf(configuration.GetConnectionString("Postgres")) + provider.GetRequiredService<IOptions<DurableStreamOptions>>().Value.Connections),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ConnectionLimit>>()));

        // Of several factories Kestrel takes the last.
        services.AddSingleton<IConnectionListenerFactory>(provider => new LimitedListenerFactory(
            new SocketTransportFactory(provider.GetRequiredService<IOptions<SocketTransportOptions>>(), provider.GetRequiredService<ILoggerFactory>()),
            provider.GetRequiredService<ConnectionLimit>()));
    }

    private static int PoolSizeOf(string? connectionString)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
            return 0;
        try
        {
            return ConnectionString.PoolSizeOf(ConnectionString.Read(connectionString));
        }
        catch (ConnectionStringException)
        {
            // It is reported with the other mistakes, before anything starts.
            return 0;
        }
    }
}
