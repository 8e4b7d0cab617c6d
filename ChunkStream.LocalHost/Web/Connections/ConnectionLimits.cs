using ChunkStream.DurableStreams;
using ChunkStream.Postgres.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace ChunkStream.LocalHost.Web.Connections;

/// <summary>Registers the web host's limit of connections.</summary>
internal static class ConnectionLimits
{
    /// <summary>
    /// Adds the limit that the setting gives, or else the one that follows from the system's limit of open files; none
    /// where there is neither.
    /// </summary>
    public static void AddConnectionLimit(
        this IServiceCollection services, LocalHostOptions options, IConfiguration configuration)
    {
        if (options.MaxConnections is null && Descriptors.Limit() is null)
            return;

        services.AddSingleton(provider => new ConnectionLimit(
            options.MaxConnections ?? Descriptors.ForClients(
                Descriptors.Limit()!.Value,
                PoolSizeOf(configuration.GetConnectionString("Postgres"))
                + provider.GetRequiredService<IOptions<DurableStreamOptions>>().Value.Connections),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ConnectionLimit>>()));

        // Where several factories are registered, Kestrel asks the last one first.
        services.AddSingleton<IConnectionListenerFactory>(provider => new LimitedListenerFactory(
            new SocketTransportFactory(
                provider.GetRequiredService<IOptions<SocketTransportOptions>>(),
                provider.GetRequiredService<ILoggerFactory>()),
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
            // ConfigurationCheck reports this mistake with the others, before anything starts.
            return 0;
        }
    }
}
