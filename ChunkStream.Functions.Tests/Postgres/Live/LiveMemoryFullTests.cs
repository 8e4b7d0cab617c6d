using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>Live queries whose rows and changes need more memory than there may be.</summary>
[Collection(RealPostgres.Collection)]
public sealed class LiveMemoryFullTests(RealPostgres postgres) : IAsyncLifetime
{
    private const int Rows = 16;
    private const string Wide = "select id, note, repeat('x', size) as filler from live_wide where team = @team";

    // More than the sockets between server and client take while nobody reads.
    private const int Megabyte = 1_000_000;

    private readonly QueryFiles _files = new QueryFiles()
        .With("again", $"-- key: id\n-- param: team int\n-- live: rerun live_wide where team = @team\n{Wide}")
        .With("stepped", $"-- key: id\n-- param: team int\n-- live where team = @team\n{Wide}");

    public Task InitializeAsync() => postgres.ExecuteAsync(
        $"""
        drop table if exists live_wide;
        create table live_wide (id int primary key, team int, size int, note text);
        insert into live_wide select team * 100 + n, team, 10, 'first'
        from generate_series(1, 5) team, generate_series(1, {Rows}) n;
        """);

    public Task DisposeAsync()
    {
        _files.Dispose();
        return postgres.ExecuteAsync("drop table live_wide");
    }

    [Fact]
    public async Task Who_finds_no_room_is_told_to_come_again_and_loses_nothing()
    {
        // Three of five results find room when they grow, and two when they begin.
        const int Size = 50_000;
        await using var api = await StartAsync(limit: 5 * Rows * Size);
        var clients = Enumerable.Range(1, 5)
            .Select(team => new LiveClient(api.Client, $"/queries/again?team={team}")).ToArray();
        foreach (var client in clients)
        {
            await client.OpenAsync();
            await client.UntilUpToDateAsync();
        }

        var told = new List<string?>();
        foreach (var (client, team) in clients.Zip(Enumerable.Range(1, 5)))
        {
            await postgres.ExecuteAsync($"update live_wide set size = {Size}, note = 'last' where team = {team}");
            told.Add(await FollowAsync(client));
        }

        const string Full = "urn:chunkstream:live-memory-full";
        Assert.Equal([null, null, null], told[..3]);

        // One of the others may be run once more for a change that was told already, and find no room for a second
        // result. That ends it, and the fourth has its room.
        Assert.True(told[3] is null or Full);
        Assert.Equal(Full, told[4]);
        LiveClient[] refused = [.. clients.Where((_, place) => told[place] is Full)];
        using (var again = await api.GetAsync($"/queries/again?team=5&live=sse&resume={refused[^1].Token}"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, again.StatusCode);
            Assert.Equal(5, again.Headers.RetryAfter?.Delta?.TotalSeconds);
        }

        await api.Log.FindAsync(entry => entry.Event.Name == "LiveMemoryFull", "the operator is told");

        // Once the others have left there is room. None of those refused has missed a change.
        foreach (var client in clients.Except(refused))
            client.Dispose();
        foreach (var client in refused)
        {
            await Bounded.Until(async () => await OpenAsync(client), "there is room");
            Assert.Null(await FollowAsync(client));
            client.Dispose();
        }

        foreach (var (client, team) in clients.Zip(Enumerable.Range(1, 5)))
            Assert.Equal(await ResultAsync(team), client.Rows);
        await UntilNothingIsHeldAsync(api);

        async Task<bool> OpenAsync(LiveClient client)
        {
            try
            {
                await client.OpenAsync();
                return true;
            }
            catch (HttpRequestException refusal) when (refusal.StatusCode is HttpStatusCode.ServiceUnavailable)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task What_slow_readers_have_not_taken_makes_room_for_others_and_comes_anew()
    {
        await using var api = await StartAsync(limit: 68 * Megabyte);
        await postgres.ExecuteAsync($"update live_wide set size = {Megabyte} where team in (1, 2)");
        var memory = api.Get<LiveMemory>();

        // One is slow among the first rows, and one in a step.
        using var first = new LiveClient(api.Client, "/queries/again?team=1");
        await first.OpenAsync();
        await first.UntilAsync(it => it.Rows.Count == 1);
        using var stepped = new LiveClient(api.Client, "/queries/stepped?team=3");
        await stepped.OpenAsync();
        await stepped.UntilUpToDateAsync();
        await postgres.ExecuteAsync($"update live_wide set size = {Megabyte} where team = 3");
        await stepped.UntilAsync(it => it.Told.Contains("upsert"));
        await postgres.ExecuteAsync("update live_wide set note = 'last' where id = 101");
        await Bounded.Until(() => Task.FromResult(memory.Held > 3 * Rows * Megabyte), "the first result is an old one");

        using var other = new LiveClient(api.Client, "/queries/again?team=2");
        await other.OpenAsync();
        await other.UntilUpToDateAsync();
        await Bounded.Until(
            () => Task.FromResult(memory.Held <= 34 * Megabyte), "only the two results and a change are held");

        await first.UntilAsync(it => it.Snapshot is not null);
        Assert.Equal("must-refetch", Assert.Single(first.Told, what => what is not ("row" or "up-to-date")));
        Assert.Equal(await ResultAsync(1), first.Rows);
        await stepped.UntilAsync(it => it.Snapshot is not null);
        Assert.InRange(stepped.Told.Count(what => what is "upsert"), Rows + 1, 2 * Rows);
        Assert.DoesNotContain("must-refetch", stepped.Told);
        Assert.Equal(await ResultAsync(3), stepped.Rows);

        foreach (var client in new[] { first, stepped, other })
            client.Dispose();
        await UntilNothingIsHeldAsync(api);
    }

    // Until the client has the last rows, or is told of a problem, whose type this gives.
    private static async Task<string?> FollowAsync(LiveClient client)
    {
        try
        {
            await client.UntilAsync(it => it.Snapshot is not null
                && it.Rows.Count == Rows
                && it.Rows.Values.All(row => row.Contains("\"last\"", StringComparison.Ordinal)));
            return null;
        }
        catch (HttpRequestException told)
        {
            return (string?)JsonNode.Parse(told.Message)!["type"];
        }
    }

    private static Task UntilNothingIsHeldAsync(PlainApi api)
        => Bounded.Until(() => Task.FromResult(api.Get<LiveMemory>().Held == 0), "nothing is held any more");

    private Task<PlainApi> StartAsync(long limit)
        => PlainApi.StartAsync(
            app => app.MapQueries(),
            services => services
                .AddSingleton(provider => new LiveMemory(limit, provider.GetRequiredService<LiveLog>()))
                .AddChunkStream().AddQueries(),
            settings:
            [
                ("ConnectionStrings:Postgres", postgres.ConnectionString), _files.Setting,
                ("ChunkStream:ResumeKey", new string('k', 32)),
            ]);

    private async Task<SortedDictionary<string, string>> ResultAsync(int team)
        => new((await postgres.OracleAsync(Wide.Replace("@team", $"{team}", StringComparison.Ordinal))).ToDictionary(
            row => JsonNode.Parse(row)!["id"]!.ToJsonString(), row => row), StringComparer.Ordinal);
}
