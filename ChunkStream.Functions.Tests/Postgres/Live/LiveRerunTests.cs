using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Live.Changes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>Queries that are run again at each change, because a row depends on others.</summary>
[Collection(RealPostgres.Collection)]
public sealed class LiveRerunTests(RealPostgres postgres) : IAsyncLifetime
{
    private const string First = "select id, score from live_scores where score > 0 order by score desc, id limit 3";

    private readonly QueryFiles _files = new QueryFiles()
        .With("first", $"-- key: id\n-- live: rerun\n{First}")
        .With(
            "first-of-team",
            "-- key: id\n-- param: team int\n-- live: rerun live_scores where team = @team\n"
            + "select id, score from live_scores where team = @team order by score desc limit 2")
        .With(
            "ranks",
            "-- key: id\n-- live: rerun\n"
            + "select id, rank() over (order by score desc) as rank, (select max(id) from live_others) as other "
            + "from live_scores")
        .With("of-function", "-- key: id\n-- live: rerun live_scores\nselect * from live_total()")
        .With(
            "deep",
            "-- key: id\n-- live: rerun\n"
            + "select id, (repeat('[', 100) || repeat(']', 100))::json as deep from live_scores where score > 0")
        .With(
            "wide",
            "-- key: id\n-- live: rerun\n"
            + "select n as id, (select max(score) from live_scores) as best, repeat('x', 900000) as wide "
            + "from generate_series(1, 17) n")
        .With("none", "-- key: id\n-- live: rerun\nselect * from live_total()")
        .With("twice", "-- key: team\n-- live: rerun\nselect team, score from live_scores where id < 4");

    private PlainApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            drop table if exists live_scores, live_others;
            create table live_scores (id int primary key, team int, score int);
            create table live_others (id int);
            insert into live_scores select n, n % 2, n * 10 from generate_series(1, 5) n;
            create or replace function live_total() returns table (id int, total bigint) language plpgsql stable as
              $$ begin return query select 1, sum(score) from live_scores; end $$;
            """);
        _api = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync("drop table live_scores, live_others; drop function live_total");
    }

    [Fact]
    public async Task Changes_are_told_by_what_is_different_in_the_result()
    {
        using var first = await OpenAsync(_api, "first");
        using var ranks = await OpenAsync(_api, "ranks");
        using var total = await OpenAsync(_api, "of-function");
        using var deep = await OpenAsync(_api, "deep");
        using var even = await OpenAsync(_api, "first-of-team?team=0");
        Assert.Equal(["row", "row", "row", "up-to-date"], first.Told);

        // Row 1 is not among the first three, and of no even team, so that nothing is different there.
        await postgres.ExecuteAsync("update live_scores set score = 5 where id = 1");
        await total.UntilAsync(it => it.Snapshot is not null && it.Told.Contains("upsert"));
        await postgres.ExecuteAsync("update live_scores set score = 0 where id = 5");
        await first.UntilAsync(it => it.Snapshot is not null && it.Told.Contains("delete"));
        await deep.UntilAsync(it => it.Snapshot is not null && !it.Rows.ContainsKey("5"));
        await postgres.ExecuteAsync("insert into live_scores values (6, 0, 60); insert into live_others values (7)");
        await first.UntilAsync(it => it.Snapshot is not null && it.Rows.ContainsKey("6"));
        await even.UntilAsync(it => it.Snapshot is not null && it.Rows.ContainsKey("6"));
        await ranks.UntilAsync(
            it => it.Snapshot is not null && it.Rows["1"].Contains("\"other\":7", StringComparison.Ordinal));

        Assert.Equal(["delete", "upsert", "up-to-date", "delete", "upsert", "up-to-date"], first.Told.Skip(4));
        Assert.Equal(["delete", "upsert", "up-to-date"], even.Told.Skip(3));
        Assert.Equal(await ResultAsync(First), first.Rows);
        Assert.Equal(
            await ResultAsync("select id, rank() over (order by score desc) as rank, 7 as other from live_scores"),
            ranks.Rows);
    }

    [Fact]
    public async Task A_log_that_is_made_anew_is_not_mistaken_for_the_one_that_is_followed()
    {
        // The first log of a schema, for the table that is read, and then the first one of another schema, for another
        // table. Nobody who looks finds no log, or no schema, in between.
        await postgres.ExecuteAsync($"{ChangeLogSchema.Script} select chunkstream_live.remove()");
        using var client = await OpenAsync(_api, "first");
        await postgres.ExecuteAsync(
            $"""
            begin isolation level read committed;
            select chunkstream_live.remove();
            {ChangeLogSchema.Script}
            select chunkstream_live.install('live_others'::regclass, array['id'], 600);
            commit;
            """);
        await postgres.ExecuteAsync("update live_scores set score = 100 where id = 1");

        await client.UntilAsync(it => it.Snapshot is not null && it.Rows.ContainsKey("1"));
        Assert.Equal(await ResultAsync(First), client.Rows);
    }

    [Fact]
    public async Task Whoever_comes_back_to_another_instance_goes_on_if_the_result_is_the_same_and_else_begins_anew()
    {
        using var client = await OpenAsync(_api, "first");
        await using var other = await StartAsync();
        using var later = new LiveClient(other.Client, "/queries/first");
        later.TakeOver(client);
        await postgres.ExecuteAsync("update live_scores set score = score + 1 where id < 3");
        await later.OpenAsync();
        await later.UntilUpToDateAsync();
        Assert.Equal(["up-to-date"], later.Told);

        client.TakeOver(later);
        await postgres.ExecuteAsync("update live_scores set score = score + 1 where id = 3");
        await client.OpenAsync();
        await client.UntilUpToDateAsync();
        Assert.Equal(["must-refetch", "row", "row", "row", "up-to-date"], client.Told.Skip(4));
        Assert.Equal(await ResultAsync(First), client.Rows);

        // The same by polls.
        var polled = (await FramesAsync($"/queries/first?live=long-poll&resume={later.Token}"))
            .Select(frame => frame.AsObject().Single().Key)
            .Where(name => name is not ("schema" or "checkpoint" or "heartbeat"));
        Assert.Equal(["must-refetch", "row", "row", "row", "up-to-date", "end"], polled);
    }

    // Its rows are those of no moment, also where the result is again what it was at the last position.
    [Fact]
    public async Task Who_is_cut_among_the_changes_of_a_step_begins_anew()
    {
        using var before = await OpenAsync(_api, "first");
        await postgres.ExecuteAsync("update live_scores set score = 60 where id = 1");
        await before.UntilAsync(it => it.Told.Contains("delete"));
        using var after = new LiveClient(_api.Client, "/queries/first");
        after.TakeOver(before);
        await postgres.ExecuteAsync("update live_scores set score = 10 where id = 1");

        await after.OpenAsync();
        await after.UntilUpToDateAsync();
        Assert.Equal(await ResultAsync(First), after.Rows);
    }

    [Fact]
    public async Task An_EventSource_has_no_position_as_id_before_it_has_all_changes_of_a_step()
    {
        using var response = await _api.GetAsync("/queries/first?live=sse");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var position = await IdAsync("event: up-to-date");
        await postgres.ExecuteAsync("update live_scores set score = 60 where id = 1");
        var lost = await IdAsync("event: delete");
        Assert.NotEqual(position, lost);
        Assert.Equal(lost, await IdAsync("event: upsert"));
        await postgres.ExecuteAsync("update live_scores set score = 10 where id = 1");

        var names = (await FramesAsync($"/queries/first?live=long-poll&resume={lost["id: ".Length..]}"))
            .Select(frame => frame.AsObject().Single().Key);
        Assert.Contains("must-refetch", names);

        async Task<string> IdAsync(string name)
        {
            while (await lines.ReadLineAsync().Within() != name)
            {
            }

            while (true)
            {
                var line = await lines.ReadLineAsync().Within();
                if (line!.StartsWith("id: ", StringComparison.Ordinal))
                    return line;
            }
        }
    }

    [Fact]
    public async Task A_result_that_is_too_large_or_has_no_key_fails_and_says_so()
    {
        await using var api = await StartAsync(("ChunkStream:Live:RerunRows", "5"));
        using var small = new LiveClient(api.Client, "/queries/ranks");
        await small.OpenAsync();
        await small.UntilUpToDateAsync();
        await postgres.ExecuteAsync("insert into live_scores values (6, 0, 60)");
        var told = await Assert.ThrowsAnyAsync<Exception>(() => small.UntilAsync(_ => false));
        Assert.Contains("may give 5 rows", told.Message, StringComparison.Ordinal);

        using var refused = await api.GetAsync("/queries/ranks?live=sse");
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        using var twice = await api.GetAsync("/queries/twice?live=sse");
        Assert.Contains(
            "Two rows have the same key (team)", await twice.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var value = await api.GetAsync("/queries/first-of-team?live=sse&team=none");
        Assert.Equal(HttpStatusCode.BadRequest, value.StatusCode);

        var catalogue = JsonNode.Parse(await api.TextAsync("/queries"))!;
        var broken = Assert.Single(catalogue["broken"]!.AsArray())!;
        Assert.Equal("none", (string?)broken["name"]);
        Assert.Contains("reads no table", (string?)broken["reason"], StringComparison.Ordinal);
    }

    private static async Task<LiveClient> OpenAsync(PlainApi api, string query)
    {
        var client = new LiveClient(api.Client, $"/queries/{query}");
        await client.OpenAsync();
        await client.UntilUpToDateAsync();
        return client;
    }

    // Its offset is in the header that the client has already. If the result were again as it was then, nothing would
    // tell the client that it has another one.
    [Fact]
    public async Task A_shape_whose_rows_are_dropped_in_the_middle_of_a_body_breaks()
    {
        using var response = await _api.GetAsync("/shapes/wide?offset=-1");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using (var other = await OpenAsync(_api, "wide"))
        {
            await postgres.ExecuteAsync("update live_scores set score = 1000 where id = 1");
            await other.UntilAsync(it => it.Snapshot is not null && it.Told.Contains("upsert"));
        }

        DropWhatIsOffered(_api.Get<LiveMemory>());

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync().Within());
    }

    private static void DropWhatIsOffered(LiveMemory memory)
    {
        using var room = memory.ForChanges();
        for (var bytes = new LiveOptions().MemoryMegabytes * 1024L * 1024; room.Bytes == 0; bytes -= 1_000_000)
        {
            try
            {
                room.Set(bytes);
            }
            catch (LiveMemoryException)
            {
            }
        }
    }

    private Task<PlainApi> StartAsync(params (string Key, string Value)[] settings)
        => PlainApi.StartAsync(
            app =>
            {
                app.MapQueries();
                app.MapShapes();
            },
            services => services.AddChunkStream().AddQueries(),
            settings:
            [
                ("ConnectionStrings:Postgres", postgres.ConnectionString), _files.Setting,
                ("ChunkStream:ResumeKey", new string('k', 32)), .. settings,
            ]);

    private async Task<JsonNode[]> FramesAsync(string path)
        => [.. (await _api.TextAsync(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!)];

    private async Task<SortedDictionary<string, string>> ResultAsync(string sql)
        => new((await postgres.OracleAsync(sql)).ToDictionary(
            row => JsonNode.Parse(row)!["id"]!.ToJsonString(), row => row), StringComparer.Ordinal);
}
