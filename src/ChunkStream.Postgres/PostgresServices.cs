using ChunkStream.Configuration;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Queries;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers what streams rows from Postgres.</summary>
public static class PostgresServices
{
    /// <summary>
    /// Adds the database of the connection string <c>ConnectionStrings:Postgres</c>. Settings are read from the configuration
    /// section <c>ChunkStream:Postgres</c>, and checked when the host starts. Further calls only add to the settings.
    /// </summary>
    /// <param name="builder">What <c>AddChunkStream()</c> gave.</param>
    /// <param name="configure">Changes the settings, after the configuration.</param>
    public static ChunkStreamBuilder AddPostgres(this ChunkStreamBuilder builder, Action<PostgresOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        var options = services.AddCheckedSettings<PostgresOptions>(PostgresOptions.Section);
        if (configure is not null)
            options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PostgresOptions>, ConnectionStringCheck>());
        services.TryAddSingleton<ConfiguredConnection>();
        services.TryAddSingleton(provider => new PostgresDatabase(
            provider.GetRequiredService<ConfiguredConnection>().Text,
            provider.GetRequiredService<IOptions<PostgresOptions>>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>(),
            () => provider.GetRequiredService<ConfiguredConnection>().Password));
        services.TryAddSingleton<PostgresHealth>();
        return builder;
    }

    /// <summary>
    /// Adds the queries that <c>.sql</c> files declare; with them, the database. Settings are read from the configuration
    /// section <c>ChunkStream</c>. The files are checked against the database when the host starts.
    /// </summary>
    /// <param name="builder">What <c>AddChunkStream()</c> gave.</param>
    /// <param name="configure">Changes the settings, after the configuration.</param>
    public static ChunkStreamBuilder AddQueries(this ChunkStreamBuilder builder, Action<QueryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddPostgres();
        var options = builder.Services.AddCheckedSettings<QueryOptions>(QueryOptions.Section, "Streaming", "Postgres", "Streams", "LocalHost");
        if (configure is not null)
            options.Configure(configure);
        builder.Services.TryAddSingleton<QueryCatalogue>();
        builder.Services.TryAddSingleton<QueryEndpoint>();
        builder.Services.AddHostedService<QueryCheckAtStart>();
        return builder;
    }
}
