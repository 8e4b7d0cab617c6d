using ChunkStream.Demo.Data;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Demo.Tests;

[Collection(RealPostgres.Collection)]
public sealed class FlightDataTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Flights =
        """
        [{"date":"2001/01/01 00:47","delay":66,"distance":1750,"origin":"DTW","destination":"LAS"},
         {"date":"2001/01/01 01:24","delay":-5,"distance":407,"origin":"LAS","destination":"OAK"}]
        """;

    private readonly string _file = Path.GetTempFileName();

    public Task InitializeAsync() => postgres.ExecuteAsync("drop table if exists flights");

    public Task DisposeAsync()
    {
        File.Delete(_file);
        return InitializeAsync();
    }

    [Fact]
    public async Task The_flights_are_loaded_once_and_their_query_serves_them_with_its_parameters()
    {
        await File.WriteAllTextAsync(_file, Flights);
        Assert.Equal(DemoDataOutcome.Made, await EnsureAsync(_ => Task.FromResult(_file)));
        Assert.Equal(
            DemoDataOutcome.Kept,
            await EnsureAsync(_ => throw new InvalidOperationException("The file is not needed again.")));

        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString,
            settings: ("ChunkStream:QueriesPath", Path.Combine(Repository.Root, "demo", "queries")));
        Assert.Equal(
            """{"id":1,"departed_at":"2001-01-01T00:47:00","origin":"DTW","""
            + """
            "destination":"LAS","delay":66,"distance":1750}
            """
            + "\n",
            await api.Client.GetStringAsync("/api/public/queries/flights?min_delay=0&origin=DTW"));
        Assert.Equal(
            2, (await api.Client.GetStringAsync("/api/public/queries/flights")).Count(letter => letter == '\n'));
    }

    [Fact]
    public async Task Without_the_file_there_is_no_table_and_a_later_start_makes_it()
    {
        await Assert.ThrowsAsync<FileNotFoundException>(() => EnsureAsync(_ => Task.FromResult(_file + ".missing")));
        Assert.Equal(
            0, await postgres.ScalarAsync<long>("select count(*) from pg_class where relname like '%flights%'"));

        await File.WriteAllTextAsync(_file, Flights);
        Assert.Equal(DemoDataOutcome.Made, await EnsureAsync(_ => Task.FromResult(_file)));
    }

    [Fact]
    public async Task A_table_of_somebody_else_is_left_alone()
    {
        await postgres.ExecuteAsync("create table flights as select 42 as answer");

        Assert.Equal(DemoDataOutcome.NotOurs, await EnsureAsync(_ => Task.FromResult(_file)));
    }

    private Task<DemoDataOutcome> EnsureAsync(Func<CancellationToken, Task<string>> getFile)
        => FlightData.EnsureAsync(postgres.ConnectionString, getFile, progress: null, default).Within();
}
