using ChunkStream.Demo.Data;
using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Demo.Tests;

[Collection(RealPostgres.Collection)]
public sealed class DepartureDataTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string NobodyListens =
        """
        drop table if exists departures;
        do $$ begin
          if to_regclass('chunkstream_live.listening') is not null then
            perform setval('chunkstream_live.listening', 1);
          end if;
        end $$;
        """;

    public Task InitializeAsync() => postgres.ExecuteAsync(NobodyListens);

    public Task DisposeAsync() => InitializeAsync();

    [Fact]
    public async Task The_board_is_filled_at_each_start_and_changes_only_while_somebody_follows_it()
    {
        Assert.Equal(DemoDataOutcome.Made, await EnsureAsync());
        await postgres.ExecuteAsync("delete from departures where id > 3");
        Assert.Equal(DemoDataOutcome.Kept, await EnsureAsync());
        Assert.Equal(DepartureData.Rows, await postgres.ScalarAsync<long>("select count(*) from departures"));

        await using var writer = new NpgsqlConnection(postgres.ConnectionString);
        await writer.OpenAsync();
        Assert.False(await DepartureData.StepIfFollowedAsync(writer, default).Within());

        await using var api = await LocalApi.StartAsync(
            postgres.ConnectionString,
            settings: [
                ("ChunkStream:QueriesPath", Path.Combine(Repository.Root, "demo", "queries")),
                ("ChunkStream:ResumeKey", "a key for tests that nobody guesses"),
            ]);
        using var response = await api.GetAsync("/api/public/queries/departures?live=sse");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var seen = new HashSet<string>();
        await UntilAsync("event: up-to-date");
        await Bounded.Until(
            () => DepartureData.StepIfFollowedAsync(writer, default), "the board changes while it is followed");
        await UntilAsync("event: upsert");

        // Each departure that leaves makes place for another one. Chance decides when the first does.
        await Bounded.Until(LeavesAsync, "a departure leaves");
        await UntilAsync("event: delete");
        Assert.Equal(DepartureData.Rows, await postgres.ScalarAsync<long>("select count(*) from departures"));

        async Task<bool> LeavesAsync()
        {
            await DepartureData.StepIfFollowedAsync(writer, default);
            return await postgres.ScalarAsync<int>("select max(id) from departures") > DepartureData.Rows;
        }

        // What has already come counts, too: a first step that has a departure leave tells of that before all else.
        async Task UntilAsync(string wanted)
        {
            while (!seen.Contains(wanted))
            {
                var line = await lines.ReadLineAsync().Within();
                seen.Add(line ?? throw new EndOfStreamException($"The stream has ended without '{wanted}'."));
            }
        }
    }

    [Fact]
    public async Task A_table_of_somebody_else_is_left_alone()
    {
        await postgres.ExecuteAsync("create table departures as select 42 as answer");

        Assert.Equal(DemoDataOutcome.NotOurs, await EnsureAsync());
        Assert.Equal(42, await postgres.ScalarAsync<int>("select answer from departures"));
    }

    private Task<DemoDataOutcome> EnsureAsync()
        => DepartureData.EnsureAsync(postgres.ConnectionString, default).Within();
}
