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
    public async Task The_minimal_API_streams_the_rows_of_a_query()
    {
        await using var sample = await StartAsync("MinimalApi");

        var rows = await sample.Client.GetStringAsync("/roots?count=2&format=csv");

        Assert.Equal("n,root\r\n1,1\r\n2,1.4142135623730951\r\n", rows);
    }

    [Fact]
    public async Task Rows_of_EF_Core_and_of_Dapper_stream_alike()
    {
        await using var sample = await StartAsync("DatabaseRows");

        var lines = (await sample.Client.GetStringAsync("/ef/orders?min=998")).Split('\n');
        Assert.Equal("""{"id":998,"customer":"customer 8","amount":998.0}""", lines[0]);
        Assert.Equal(4, lines.Length);
        Assert.Equal(lines, (await sample.Client.GetStringAsync("/dapper/orders?min=998")).Split('\n'));
        var all = await sample.Client.GetStringAsync("/dapper/orders?min=0");
        Assert.Equal(1000, all.Count(character => character == '\n'));
    }

    private Task<WebProgram> StartAsync(string sample)
    {
        var connection = new NpgsqlConnectionStringBuilder(postgres.ConnectionString) { Database = _database };
        return WebProgram.StartAsync(
            Path.Combine(Built.Folder("samples", sample), $"{sample}.dll"),
            ("ConnectionStrings__Postgres", connection.ConnectionString));
    }
}
