using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.Samples;

/// <summary>The samples that need a database do what they show.</summary>
[Collection(RealPostgres.Collection)]
public sealed class DatabaseSampleTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly string _database = $"sample_{Guid.NewGuid():N}";

    public Task InitializeAsync() => postgres.ExecuteAsync($"create database {_database}");

    public Task DisposeAsync() => postgres.ExecuteAsync($"drop database {_database} with (force)");

    [Fact]
    public async Task Rows_of_EF_Core_and_of_Dapper_stream_alike()
    {
        var connection = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = _database }.ConnectionString;
        await using var sample = await WebProgram.StartAsync(
            Path.Combine(Built.Folder("samples", "DatabaseRows"), "DatabaseRows.dll"), ("ConnectionStrings__Postgres", connection));

        var lines = (await sample.Client.GetStringAsync("/ef/orders?min=998")).Split('\n');
        Assert.Equal(["""{"id":998,"customer":"customer 8","amount":998.0}""", """{"id":999,"customer":"customer 9","amount":999.0}"""], lines[..2]);
        Assert.Equal(lines, (await sample.Client.GetStringAsync("/dapper/orders?min=998")).Split('\n'));
        Assert.Equal(1000, (await sample.Client.GetStringAsync("/dapper/orders?min=0")).Count(character => character == '\n'));
    }
}
