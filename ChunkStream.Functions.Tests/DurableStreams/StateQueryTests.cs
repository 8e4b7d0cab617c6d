using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary>
/// A live query as a durable stream, of which the state extension's own reader (npm <c>@durable-streams/state</c>)
/// makes a collection.
/// </summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class StateQueryTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string Path = "/api/public/states/items?params[team]=1";

    private readonly QueryFiles _files = new QueryFiles()
        .With(
            "items",
            "-- access: anonymous\n-- key: id\n-- live\n-- param: team int\n"
            + "select id, title, tags from state_items where team = @team")
        .With(
            "pairs",
            "-- access: anonymous\n-- key: title, id\n-- live: state_items(title, id)\n"
            + "select id, title from state_items")
        .With(
            "top",
            "-- access: anonymous\n-- key: id\n-- live: rerun\nselect id from state_items order by id limit 2");

    public Task InitializeAsync() => postgres.ExecuteAsync(
        """
        drop table if exists state_items;
        create table state_items (id int primary key, team int default 1, title text default '', tags text[]);
        insert into state_items select n, 1 + n % 2, '"' || n || '" \ ', array['a', null] from generate_series(1, 6) n;
        """);

    public Task DisposeAsync() => postgres.ExecuteAsync("drop table state_items");

    [Fact]
    public async Task A_live_query_is_a_collection_of_StreamDB_by_long_polls_and_by_events()
    {
        var folder = await NodeProject.InstalledAsync("ChunkStream.Functions.Tests", "DurableStreams", "State");
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);
        await using var client = RunningProgram.Start(
            "node", ["follow-query.mjs"], folder, ("STATE_URL", $"{api.Origin}{Path}"));
        var seen = new Dictionary<string, string>();
        await UntilBothHaveAsync(client, seen);

        await postgres.ExecuteAsync(
            """
            insert into state_items values (10, 1, 'new');
            update state_items set title = 'other', tags = '{}' where id = 2;
            update state_items set team = 3 - team where id in (3, 4);
            update state_items set id = 60 where id = 6;
            """);
        await UntilBothHaveAsync(client, seen);
        await postgres.ExecuteAsync("delete from state_items where id = 2; insert into state_items values (2)");
        await UntilBothHaveAsync(client, seen);
    }

    [Fact]
    public async Task An_offset_goes_on_grows_and_is_gone_when_it_is_no_longer_good()
    {
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);
        using var start = await api.GetAsync(Path);
        var first = Offset(start);
        Assert.Equal(3, JsonNode.Parse(await start.Content.ReadAsStringAsync().Within())!.AsArray().Count);
        Assert.Equal("true", start.Headers.GetValues("Stream-Up-To-Date").Single());
        await postgres.ExecuteAsync("delete from state_items where id = 2");

        using var polled = await api.GetAsync($"{Path}&offset={first}&live=long-poll");
        Assert.Equal(
            """[{"type":"items","key":"2","headers":{"operation":"delete"}}]""",
            JsonNode.Parse(await polled.Content.ReadAsStringAsync().Within())!.ToJsonString());
        Assert.True(string.CompareOrdinal(Offset(polled), first) > 0);
        Assert.NotEmpty(polled.Headers.GetValues("Stream-Cursor"));

        using var pairs = await api.GetAsync("/api/public/states/pairs");
        var keys = JsonNode.Parse(await pairs.Content.ReadAsStringAsync().Within())!.AsArray()
            .Select(message => (string?)message!["key"]);
        Assert.Contains("""["\"1\" \\ ", 1]""", keys);

        await postgres.ExecuteAsync("truncate state_items");
        foreach (var more in new[] { "", "&live=long-poll", "&live=sse" })
        {
            using var gone = await api.GetAsync($"{Path}&offset={first}{more}");
            Assert.Equal(HttpStatusCode.Gone, gone.StatusCode);
        }

        foreach (var bad in new[] { "offset=now", "offset=-1&live=sse", "offset=-1&live=true", "offset=1&live=sse" })
        {
            using var refused = await api.GetAsync($"{Path}&{bad}");
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }
    }

    [Fact]
    public async Task Who_is_cut_among_the_changes_of_a_query_that_runs_again_has_no_offset_that_is_good()
    {
        const string Top = "/api/public/states/top";
        await using var api = await LocalApi.ServingAsync(postgres.ConnectionString, _files);
        using var start = await api.GetAsync(Top);
        var offset = Offset(start);
        using (var events = await api.GetAsync($"{Top}?offset={offset}&live=sse"))
        {
            using var lines = new StreamReader(await events.Content.ReadAsStreamAsync());
            await postgres.ExecuteAsync("delete from state_items where id = 1");
            string line;
            while ((line = (await lines.ReadLineAsync().Within())!) != "event: data")
            {
                if (line.StartsWith("data:{", StringComparison.Ordinal))
                    offset = (string)JsonNode.Parse(line["data:".Length..])!["streamNextOffset"]!;
            }
        }

        // The result is as it was at the beginning, and the client has a part of what it was in between.
        await postgres.ExecuteAsync("insert into state_items values (1)");
        using var gone = await api.GetAsync($"{Top}?offset={offset}");
        Assert.Equal(HttpStatusCode.Gone, gone.StatusCode);
    }

    private static string Offset(HttpResponseMessage response)
        => response.Headers.GetValues("Stream-Next-Offset").Single();

    private async Task UntilBothHaveAsync(RunningProgram client, Dictionary<string, string> seen)
    {
        var rows = await postgres.OracleAsync(
            "select id::text, title, tags from state_items where team = 1 order by state_items.id");
        var expected = new JsonArray([.. rows.Select(row => JsonNode.Parse(row))]).ToJsonString();
        while (seen.Count < 2 || seen.Values.Any(has => has != expected))
        {
            var said = JsonNode.Parse(await client.ReadLineAsync())!;
            seen[(string)said["who"]!] = said["rows"]!.ToJsonString();
            Assert.Equal(0, (int)said["invalid"]!);
        }
    }
}
