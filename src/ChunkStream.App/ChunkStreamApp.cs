using ChunkStream.App;
using ChunkStream.App.Entra;
using ChunkStream.Configuration;
using ChunkStream.DurableStreams.Protocol;
using ChunkStream.DurableStreams.Recordings;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Queries;
using ChunkStream.Postgres.Shapes;
using ChunkStream.Streaming;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the app that both hosts serve.</summary>
public static class ChunkStreamApp
{
    /// <summary>
    /// Adds the endpoints and all behind them. Sockets hold little that a slow reader has not taken yet: the app serves
    /// nothing but streams.
    /// </summary>
    /// <param name="services">The app's services.</param>
    public static ChunkStreamBuilder AddChunkStreamApp(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.Configure<SocketTransportOptions>(UnsentLimit.Configure);
        AddDatabaseIdentity(services);
        services.AddSingleton(provider => new DeclaredGenerators(
            provider.GetServices<GeneratorEndpoint>(),
            provider.GetRequiredService<StreamEngine>(),
            new Lazy<RecordingEndpoint>(provider.GetRequiredService<RecordingEndpoint>)));
        services.AddSingleton(provider => new EndpointTable(
            provider.GetServices<GeneratorEndpoint>(), provider.GetServices<EndpointExample>()));
        services.AddSingleton(provider => new StreamEndpoints(
            new Lazy<DeclaredGenerators>(provider.GetRequiredService<DeclaredGenerators>),
            new Lazy<QueryEndpoint>(provider.GetRequiredService<QueryEndpoint>),
            new Lazy<ShapeEndpoint>(provider.GetRequiredService<ShapeEndpoint>),
            new Lazy<DurableEndpoint>(provider.GetRequiredService<DurableEndpoint>),
            new Lazy<CapabilityEndpoint>(provider.GetRequiredService<CapabilityEndpoint>),
            new Lazy<QueryDescriptions>(provider.GetRequiredService<QueryDescriptions>),
            new Lazy<HealthResult>(() => new HealthResult(
                provider.GetRequiredService<PostgresHealth>(),
                MostConnections(provider)))));
        return services.AddChunkStream().AddQueries().AddDurableStreams().AddIdentity();
    }

    // 0 where there is no database.
    private static int MostConnections(IServiceProvider provider)
        => provider.GetRequiredService<PostgresDatabase>().MostConnections is > 0 and var queries
            ? queries + provider.GetRequiredService<DurableDatabase>().MostConnections + LiveDatabase.MostConnections
            : 0;

    /// <summary>
    /// Declares a generator: the local host serves it at its name, and the page offers it. The function app needs a
    /// method besides: <c>[Function("ticks")] … => endpoints.Generator(request, "ticks")</c>.
    /// </summary>
    /// <param name="builder">What <c>AddChunkStreamApp()</c> gave.</param>
    /// <param name="generator">The generator.</param>
    public static ChunkStreamBuilder AddGenerator(this ChunkStreamBuilder builder, GeneratorEndpoint generator)
    {
        ArgumentNullException.ThrowIfNull(generator);
        return builder.AddGenerator(_ => generator);
    }

    /// <summary>Declares a generator that needs services of the app.</summary>
    /// <param name="builder">What <c>AddChunkStreamApp()</c> gave.</param>
    /// <param name="create">Makes it, once.</param>
    public static ChunkStreamBuilder AddGenerator(
        this ChunkStreamBuilder builder, Func<IServiceProvider, GeneratorEndpoint> create)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);
        builder.Services.AddSingleton(create);
        return builder;
    }

    /// <summary>
    /// Adds a call to those that the local host prints when it is ready, such as one of a query file of the app's own.
    /// </summary>
    /// <param name="builder">What <c>AddChunkStreamApp()</c> gave.</param>
    /// <param name="endpoint">The name of the endpoint that answers it, such as <c>query</c>.</param>
    /// <param name="call">The call, which should succeed.</param>
    public static ChunkStreamBuilder AddExample(this ChunkStreamBuilder builder, string endpoint, ExampleCall call)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(endpoint);
        ArgumentNullException.ThrowIfNull(call);
        builder.Services.AddSingleton(new EndpointExample(endpoint, call));
        return builder;
    }

    // Libraries know nothing of Azure, so the app adds its tokens to the connection of the settings. Where they are not
    // asked for, none of Azure's code is loaded.
    private static void AddDatabaseIdentity(IServiceCollection services)
    {
        services.AddCheckedSettings<AzureOptions>(AzureOptions.Section);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AzureOptions>, DatabaseIdentityCheck>());
        services.AddSingleton(provider => ConfiguredConnection.Create(
            provider.GetRequiredService<IConfiguration>(),
            provider.GetRequiredService<IOptions<AzureOptions>>().Value.DatabaseIdentity is { } identity
                ? Tokens(identity)
                : null));

        static IPasswordSource Tokens(string identity) => TokenPasswords.Create(identity);
    }
}
