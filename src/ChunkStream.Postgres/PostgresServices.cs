using ChunkStream.Configuration;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Live.Changes;
using ChunkStream.Postgres.Queries;
using ChunkStream.Postgres.Shapes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers what streams rows from Postgres.</summary>
public static class PostgresServices
{
    /// <summary>
    /// Adds what <c>StreamResults.Rows</c> needs, and the database of the connection string
    /// <c>ConnectionStrings:Postgres</c>. Settings are read from the configuration section <c>ChunkStream:Postgres</c>,
    /// and the secret of resume tokens from <c>ChunkStream:ResumeKey</c>; both are checked when the host starts.
    /// Further calls only add to the settings.
    /// </summary>
    /// <param name="builder">What <c>AddChunkStream()</c> gave.</param>
    /// <param name="configure">Changes the settings, after the configuration.</param>
    public static ChunkStreamBuilder AddPostgres(
        this ChunkStreamBuilder builder, Action<PostgresOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        NpgsqlMembers.Loaded.ThrowIfMissing();
        var options = services.AddCheckedSettings<PostgresOptions, PostgresOptionsAttributes>(PostgresOptions.Section);
        if (configure is not null)
            options.Configure(configure);
        AddQueryOptions(services);
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<PostgresOptions>, ConnectionStringCheck>());
        services.TryAddSingleton(provider => ConfiguredConnection.Create(
            provider.GetRequiredService<IConfiguration>()));
        services.TryAddSingleton<PostgresDatabases>();
        services.TryAddSingleton(provider => provider.GetRequiredService<PostgresDatabases>().Configured);
        services.TryAddSingleton<PostgresHealth>();
        return builder;
    }

    /// <summary>
    /// Adds the same for a database to which a builder of the app's own leads, with its password provider, TLS
    /// callbacks and all else: declared queries and durable streams use it, too. <c>ConnectionStrings:Postgres</c> is
    /// not read.
    /// </summary>
    /// <param name="builder">What <c>AddChunkStream()</c> gave.</param>
    /// <param name="dataSource">
    /// Makes a new builder at each call. It is called once for each pool: queries and durable streams have their own,
    /// so that neither can starve the other. The settings that streams need are set on it afterwards.
    /// </param>
    /// <param name="configure">Changes the settings, after the configuration.</param>
    public static ChunkStreamBuilder AddPostgres(
        this ChunkStreamBuilder builder,
        Func<IServiceProvider, NpgsqlDataSourceBuilder> dataSource,
        Action<PostgresOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(dataSource);

        // AddQueries() may have registered the connection of the settings before.
        builder.Services.RemoveAll<ConfiguredConnection>();
        builder.Services.AddSingleton(provider => ConfiguredConnection.Create(() => dataSource(provider)));
        return builder.AddPostgres(configure);
    }

    /// <summary>
    /// Adds the queries that <c>.sql</c> files declare; with them, the database. Settings are read from the
    /// configuration section <c>ChunkStream</c>. The files are checked against the database when the host starts.
    /// </summary>
    /// <param name="builder">What <c>AddChunkStream()</c> gave.</param>
    /// <param name="configure">Changes the settings, after the configuration.</param>
    public static ChunkStreamBuilder AddQueries(this ChunkStreamBuilder builder, Action<QueryOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.AddPostgres();
        var options = AddQueryOptions(builder.Services);
        if (configure is not null)
            options.Configure(configure);
        builder.Services.TryAddSingleton<QueryCatalogue>();
        builder.Services.AddCheckedSettings<LiveOptions, LiveOptionsAttributes>(LiveOptions.Section);
        builder.Services.TryAddSingleton<LiveDatabase>();
        builder.Services.TryAddSingleton<LiveLog>();
        builder.Services.TryAddSingleton(provider => new ChangeLog(
            provider.GetRequiredService<LiveDatabase>().OpenAsync,
            LimitsOf(provider.GetRequiredService<IOptions<LiveOptions>>().Value),
            provider.GetRequiredService<TimeProvider>()));
        builder.Services.TryAddSingleton<LiveMemory>();
        builder.Services.TryAddSingleton<LiveQueries>();
        builder.Services.TryAddSingleton<LiveEndpoint>();
        builder.Services.TryAddSingleton<QueryEndpoint>();
        builder.Services.TryAddSingleton<QueryDescriptions>();
        builder.Services.TryAddSingleton<ShapeEndpoint>();
        builder.Services.AddHostedService<QueryCheckAtStart>();
        return builder;
    }

    private static ChangeLogLimits LimitsOf(LiveOptions options)
        => new(TimeSpan.FromMinutes(options.RetentionMinutes), options.LogMegabytes * 1024L * 1024);

    private static OptionsBuilder<QueryOptions> AddQueryOptions(IServiceCollection services)
        => services.AddCheckedSettings<QueryOptions, QueryOptionsAttributes>(
            QueryOptions.Section, "Streaming", "Postgres", "Streams", "Identity", "LocalHost", "Azure", "Live");
}
