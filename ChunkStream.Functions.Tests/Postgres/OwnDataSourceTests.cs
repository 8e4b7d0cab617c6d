using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres;

/// <summary>The database of an app that knows how to reach it better than a connection string does.</summary>
[Collection(RealPostgres.Collection)]
public sealed class OwnDataSourceTests(RealPostgres postgres)
{
    [Fact]
    public async Task Queries_and_durable_streams_use_the_apps_own_builder_with_its_password_provider()
    {
        var settings = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        var password = settings.Password;
        settings.Password = null;
        var asked = 0;
        await using var services = Services(_ =>
        {
            var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
            return builder.UsePasswordProvider(_ => Password(), (_, _) => ValueTask.FromResult(Password()));
        });

        await using (await services.GetRequiredService<PostgresDatabase>().OpenAsync(default).WaitAsync(Bounded.Limit))
            Assert.Equal(1, asked);
        await using var session = await services.GetRequiredService<DurableDatabase>().OpenAsync(default).AsTask()
            .WaitAsync(Bounded.Limit);
        Assert.True(asked > 1);
        Assert.Equal(0, session.Connection.CommandTimeout);

        string Password()
        {
            Interlocked.Increment(ref asked);
            return password ?? "";
        }
    }

    private static ServiceProvider Services(Func<IServiceProvider, NpgsqlDataSourceBuilder> dataSource)
    {
        var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<IConfiguration>(new ConfigurationManager());
        services.AddChunkStream().AddDurableStreams().AddPostgres(dataSource);
        return services.BuildServiceProvider();
    }
}
