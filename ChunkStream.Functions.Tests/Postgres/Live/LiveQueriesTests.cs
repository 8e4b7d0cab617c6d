using System.Net;
using System.Security.Claims;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using static System.StringComparison;

namespace ChunkStream.Functions.Tests.Postgres.Live;

[Collection(RealPostgres.Collection)]
public sealed class LiveQueriesTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly QueryFiles _files = new QueryFiles()
        .With("open", "-- key: id\n-- live\nselect id, title, team from live_issues where is_open")
        .With(
            "of-team",
            "-- key: id\n-- live\n-- param: team int\nselect id, title from live_issues where team = @team")
        .With(
            "only-of-team",
            "-- key: id\n-- live where team = @team\n-- param: team int = null\n"
            + "select id, title from live_issues where team = @team or @team is null")
        .With(
            "teams",
            "-- key: id\n-- live: live_teams(id)\n-- live: live_issues(team)\n"
            + "select t.id, t.name, count(i.id) as issues from live_teams t left join live_issues i on i.team = t.id "
            + "group by t.id")
        .With(
            "with-team",
            "-- key: id\n-- live: live_issues(id)\n"
            + "-- live: live_teams(id) => select id from live_issues where team = any(@changed)\n"
            + "select i.id, i.title, t.name from live_issues i join live_teams t on t.id = i.team")
        .With(
            "mine",
            "-- access: user\n-- role: live_reader\n-- key: id\n-- live\nselect id, title from live_issues")
        .With(
            "mine-only",
            "-- access: user\n-- key: id\n-- param: team int = claim(sub)\n-- live where team = @team\n"
            + "select id, title from live_issues where team = @team")
        .With("changing", "-- key: id\n-- live\nselect id from live_issues")
        .With(
            "mapped",
            "-- key: id\n-- live: live_issues(id) => select team from live_issues where id = any(@changed)\n"
            + "select team as id, count(*) as issues, max(title) as title from live_issues group by team")
        .With("for-all", "-- access: anonymous\n-- key: id\n-- live\nselect id from live_issues")
        .With("plain", "-- key: id\nselect id from live_issues");

    private PlainApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync(
            """
            drop table if exists live_issues, live_teams;
            drop role if exists live_reader;
            create role live_reader;
            create table live_teams (id int primary key, name text);
            create table live_issues (id int primary key, title text, team int, is_open bool default true);
            insert into live_teams values (1, 'red'), (2, 'blue');
            alter table live_issues enable row level security;
            create policy of_team on live_issues using (team::text = current_setting('request.jwt.claim.sub', true));
            grant select on live_issues to live_reader;
            insert into live_issues (id, title, team) select n, 'issue ' || n, 1 + n % 2 from generate_series(1, 10) n;
            """);
        _api = await StartAsync();
    }

    private Task<PlainApi> StartAsync(params (string Key, string Value)[] settings)
        => PlainApi.StartAsync(
            app =>
            {
                app.Use((http, next) =>
                {
                    if (http.Request.Headers["Test-User"].FirstOrDefault() is { } user)
                        http.User = new ClaimsPrincipal(new ClaimsIdentity(Claims(user), "test"));
                    return next(http);
                });
                app.MapQueries();
                app.MapPublicQueries();
            },
            services => services.AddChunkStream().AddQueries(),
            settings:
            [
                ("ConnectionStrings:Postgres", postgres.ConnectionString), _files.Setting,
                ("ChunkStream:ResumeKey", new string('k', 32)), .. settings,
            ]);

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync("drop table live_issues, live_teams; drop role live_reader");
    }

    [Fact]
    public async Task Rows_come_first_and_then_each_change_until_the_client_has_the_result_as_it_is()
    {
        using var client = await OpenAsync("open");
        await client.UntilUpToDateAsync();
        Assert.Equal([.. Enumerable.Repeat("row", 10), "up-to-date"], client.Told);

        await postgres.ExecuteAsync(
            """
            insert into live_issues values (11, 'new', 1);
            update live_issues set title = 'other' where id = 1;
            update live_issues set is_open = false where id = 2;
            delete from live_issues where id = 3;
            update live_issues set id = 40 where id = 4;
            """);
        await client.UntilAsync(it => it.Snapshot is not null && it.Rows.Count == 9);

        Assert.Equal(await ResultAsync("select id, title, team from live_issues where is_open"), client.Rows);
        Assert.DoesNotContain("must-refetch", client.Told);
    }

    [Fact]
    public async Task A_position_goes_on_exactly_where_it_was_on_another_instance_too()
    {
        using var client = await OpenAsync("open");
        await client.UntilUpToDateAsync();
        client.Dispose();
        await postgres.ExecuteAsync("delete from live_issues where id <= 5");

        await client.OpenAsync();
        await client.UntilUpToDateAsync();

        Assert.Equal(Enumerable.Repeat("delete", 5), client.Told.Skip(11).SkipLast(1));
        Assert.Equal(5, client.Rows.Count);
    }

    [Fact]
    public async Task Parameters_choose_the_rows_that_are_followed()
    {
        using var client = await OpenAsync("of-team?team=1");
        await client.UntilUpToDateAsync();
        await postgres.ExecuteAsync("update live_issues set team = 3 - team");
        await client.UntilAsync(it => it.Told.Count(what => what == "up-to-date") > 1);

        Assert.Equal(await ResultAsync("select id, title from live_issues where team = 1"), client.Rows);
    }

    [Fact]
    public async Task Who_follows_by_a_parameter_is_told_of_rows_that_had_or_have_its_value_and_of_no_others()
    {
        using var one = await OpenAsync("only-of-team?team=1");
        using var two = await OpenAsync("only-of-team?team=2");
        using var all = await OpenAsync("only-of-team");
        LiveClient[] clients = [one, two, all];
        foreach (var client in clients)
            await client.UntilUpToDateAsync();

        // Rows 2, 4, … are of team 1, the others of team 2.
        await postgres.ExecuteAsync("delete from live_issues where id = 3");
        await two.UntilAsync(it => it.Rows.Count == 4);
        await all.UntilAsync(it => it.Rows.Count == 9);
        await postgres.ExecuteAsync("update live_issues set team = 2 where id = 4");
        await one.UntilAsync(it => it.Rows.Count == 4);
        await two.UntilAsync(it => it.Rows.Count == 5);
        await all.UntilAsync(it => it.Told.Contains("upsert"));
        await postgres.ExecuteAsync("update live_issues set title = 'last' where id = 2");
        foreach (var client in clients)
        {
            if (client != two)
                await client.UntilAsync(it => it.Snapshot is not null && it.Rows["2"].Contains("last", Ordinal));
        }

        Assert.Equal(["delete", "upsert"], Changes(one));
        Assert.Equal(["delete", "upsert"], Changes(two));
        Assert.Equal(["delete", "upsert", "upsert"], Changes(all));

        // The same for who comes back on another instance.
        one.Dispose();
        await postgres.ExecuteAsync("delete from live_issues where id in (1, 6)");
        await one.OpenAsync();
        await one.UntilUpToDateAsync();
        Assert.Equal("delete", Changes(one)[^1]);
        Assert.Equal(await ResultAsync("select id, title from live_issues where team = 1"), one.Rows);

        static string[] Changes(LiveClient client) => [.. client.Told.Where(what => what is "upsert" or "delete")];
    }

    [Theory]
    [InlineData("teams", "update live_issues set team = 2 where id = 2", "count(i.id) as issues", "group by t.id")]
    public async Task Groups_are_followed_by_the_column_that_is_their_key(
        string name, string change, string selected, string grouped)
    {
        using var client = await OpenAsync(name);
        await client.UntilUpToDateAsync();
        await postgres.ExecuteAsync(change);
        await client.UntilAsync(it => it.Told.Count(what => what == "up-to-date") > 1);

        Assert.Equal(
            await ResultAsync(
                $"select t.id, t.name, {selected} from live_teams t left join live_issues i on i.team = t.id "
                    + grouped),
            client.Rows);
    }

    [Fact]
    public async Task A_statement_leads_from_a_table_to_the_rows_that_show_it()
    {
        using var client = await OpenAsync("with-team");
        await client.UntilUpToDateAsync();
        await postgres.ExecuteAsync("update live_teams set name = 'green' where id = 2");
        await client.UntilAsync(it => it.Told.Count(what => what == "up-to-date") > 1);

        Assert.Equal(5, client.Told.Count(what => what == "upsert"));
        Assert.Equal(5, client.Rows.Values.Count(row => row.Contains("green", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_user_is_told_of_rows_that_come_and_go_by_a_policy()
    {
        using var red = await OpenAsync("mine", user: "1");
        using var blue = await OpenAsync("mine", user: "2");
        await red.UntilUpToDateAsync();
        await blue.UntilUpToDateAsync();
        Assert.Equal(5, red.Rows.Count);
        Assert.Empty(red.Rows.Keys.Intersect(blue.Rows.Keys));

        await postgres.ExecuteAsync("update live_issues set team = 2, title = 'moved' where id = 2");
        await red.UntilAsync(it => it.Rows.Count == 4);
        await blue.UntilAsync(it => it.Rows.Count == 6);

        Assert.Contains("moved", blue.Rows["2"], StringComparison.Ordinal);
        Assert.DoesNotContain(red.Told, what => what == "upsert");

        // Who follows by a claim is not told of what others have.
        using var only = await OpenAsync("mine-only", user: "1");
        await only.UntilUpToDateAsync();
        await postgres.ExecuteAsync("delete from live_issues where id = 2; delete from live_issues where id = 4");
        await only.UntilAsync(it => it.Rows.Count == 3);
        Assert.Equal(1, only.Told.Count(what => what == "delete"));
        Assert.Equal(
            "mine.sql",
            Assert.Single(_api.Log.Entries, entry => entry.Message.Contains(LiveTables.TellsKeys, Ordinal))
                .Message.Split(' ', ',')[2]);

        // A position is its user's.
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"/public/queries/mine?live=sse&format=frames&resume={red.Token}");
        request.Headers.Add("Test-User", "2");
        using var refused = await _api.Client.SendAsync(request).Within();
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Where_it_is_not_known_what_has_changed_the_rows_come_anew()
    {
        using var client = await OpenAsync("open");
        await client.UntilUpToDateAsync();
        await postgres.ExecuteAsync("truncate live_issues; insert into live_issues values (77, 'only', 1)");
        await client.UntilAsync(it => it.Snapshot is not null && it.Rows.Count == 1);
        Assert.Contains("must-refetch", client.Told);

        // Whoever takes the log away, and all triggers with it, does no harm.
        await postgres.ExecuteAsync("select chunkstream_live.remove(); update live_issues set title = 'last'");
        await client.UntilAsync(
            it => it.Snapshot is not null && it.Rows.Values.All(row => row.Contains("last", StringComparison.Ordinal)));

        Assert.DoesNotContain(_api.Log.Entries, entry => entry.Event.Name == "ChangesNotWatched");

        using var changing = await OpenAsync("changing");
        await changing.UntilUpToDateAsync();
        changing.Dispose();
        _files.With("changing", "-- key: id\n-- live\nselect id, title from live_issues");
        await Bounded.Until(
            async () => (await _api.TextAsync("/queries/changing")).Contains("title", StringComparison.Ordinal),
            "the new file serves");

        await changing.OpenAsync();
        await changing.UntilUpToDateAsync();
        Assert.Equal(["must-refetch", "row", "up-to-date"], changing.Told.TakeLast(3));
        Assert.Contains("last", changing.Rows["77"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_EventSource_gets_events_of_the_same_meaning_and_their_position_as_id()
    {
        using var response = await _api.GetAsync("/queries/open?live=sse");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var upToDate = await EventAsync("event: up-to-date");
        Assert.Matches("^event: up-to-date\ndata: \\{\"position\":\"([^\"]+)\"\\}\nid: \\1$", upToDate);

        await postgres.ExecuteAsync("delete from live_issues where id = 9");
        Assert.StartsWith(
            "event: delete\ndata: {\"id\":9}\n", await EventAsync("event: delete"), StringComparison.Ordinal);

        async Task<string> EventAsync(string first)
        {
            var text = new List<string>();
            while (await lines.ReadLineAsync().Within() is { } line)
            {
                if (line.Length > 0)
                    text.Add(line);
                else if (text is [var name, ..] && name == first)
                    return string.Join('\n', text);
                else
                    text.Clear();
            }

            throw new EndOfStreamException();
        }
    }

    [Theory]
    [InlineData("limited", "-- key: id\n-- live\nselect id from live_issues order by id limit 3", "LIMIT")]
    [InlineData("no-key", "-- live\nselect id from live_issues", "'live' needs a key")]
    [InlineData(
        "joined", "-- key: id\n-- live\nselect i.id, t.name from live_issues i join live_teams t on t.id = i.team",
        "of one table, read once")]
    [InlineData(
        "unnamed", "-- key: id\n-- live: live_issues(id)\n"
            + "select i.id, t.name from live_issues i join live_teams t on t.id = i.team",
        "also reads public.live_teams")]
    [InlineData(
        "greatest", "-- key: id\n-- live\nselect id from live_issues where id = (select max(id) from live_issues)",
        "greatest value of a column")]
    [InlineData(
        "average", "-- key: id\n-- live\nselect id from live_issues where id > (select avg(id) from live_issues)",
        "of one table, read once")]
    [InlineData(
        "firsts", "-- key: id\n-- live\nselect distinct on (team) id from live_issues order by team, title",
        "DISTINCT")]
    [InlineData("no-table", "-- key: id\n-- live: nowhere(id)\nselect id from live_issues", "no table nowhere")]
    [InlineData("no-column", "-- key: id\n-- live: live_issues(none)\nselect id from live_issues", "no column none")]
    [InlineData("computed", "-- key: id\n-- live\nselect id + 1 as id from live_issues", "'live' stands alone only")]
    [InlineData(
        "statement", "-- key: id\n-- live: live_issues(id) => select nothing from live_teams where id = any(@changed)\n"
            + "select id from live_issues", "column \"nothing\" does not exist")]
    [InlineData("no-parameter", "-- key: id\n-- live where team = @none\nselect id from live_issues", "@none is not")]
    [InlineData(
        "no-filter", "-- key: id\n-- live where none = @team\n-- param: team int\n"
            + "select id from live_issues where team = @team", "no column none")]
    [InlineData(
        "incomparable", "-- key: id\n-- live where team = @team\n-- param: team text\n"
            + "select id from live_issues where team::text = @team", "can't be compared with a parameter of type text")]
    [InlineData("form", "-- key: id\n-- live: every table\nselect id from live_issues", "This is 'every table'")]
    public async Task A_declaration_that_can_not_work_is_told_with_file_and_line(
        string name, string text, string reason)
    {
        _files.With(name, text);
        await Bounded.Until(
            async () => (await _api.TextAsync("/queries")).Contains($"\"{name}\"", StringComparison.Ordinal),
            "the file is read");
        var catalogue = JsonNode.Parse(await _api.TextAsync("/queries"))!;
        var broken = Assert.Single(catalogue["broken"]!.AsArray(), query => (string?)query!["name"] == name)!;

        Assert.Contains(reason, (string?)broken["reason"], StringComparison.Ordinal);
        Assert.True((int?)broken["line"] <= 2);
    }

    [Fact]
    public async Task A_poll_ends_once_something_has_changed()
    {
        var first = await FramesAsync("/queries/open?live=long-poll");
        var position = (string?)first[^1]["end"]!["continue"];
        Assert.Equal(10, first.Count(frame => frame["row"] is not null));

        var polling = FramesAsync($"/queries/open?live=long-poll&resume={position}");
        await postgres.ExecuteAsync("delete from live_issues where id = 7");
        var second = await polling.Within();

        Assert.Equal(7, (int?)Assert.Single(second, frame => frame["delete"] is not null)["delete"]!["id"]);
        Assert.NotEqual(position, (string?)second[^1]["end"]!["continue"]);
    }

    [Fact]
    public async Task A_poll_that_goes_on_with_a_start_tells_when_all_of_it_is_there()
    {
        using var response = await _api.GetAsync("/queries/open?live=sse");
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        var line = "";
        while (!line.StartsWith("id: ", StringComparison.Ordinal))
            line = (await lines.ReadLineAsync().Within())!;

        var told = (await FramesAsync($"/queries/open?live=long-poll&resume={line["id: ".Length..]}"))
            .Select(frame => frame.AsObject().Single().Key)
            .ToArray();

        Assert.Equal(9, told.Count(name => name == "row"));
        Assert.Equal(["up-to-date", "end"], told[^2..]);
    }

    [Fact]
    public async Task Polls_of_everyone_from_one_position_are_one_request_for_a_cache()
    {
        await using var api = await StartAsync(
            ("ChunkStream:Live:LongPollSeconds", "1"), ("ChunkStream:Streaming:FirstRecordSeconds", "0.2"));
        using var spans = new RecordedSpans();
        var (first, _, start) = await PollAsync("/public/queries/for-all?live=long-poll");
        var (second, _, other) = await PollAsync("/public/queries/for-all?live=long-poll");
        Assert.Equal("no-store, no-transform", first);
        Assert.Equal(first, second);

        // Whoever waits at the same time gets the same token, and so has the same URL from then on.
        await Bounded.Until(
            async () =>
            {
                var polling = new[] { start, other }
                    .Select(token => PollAsync($"/public/queries/for-all?live=long-poll&resume={token}"))
                    .ToArray();
                await postgres.ExecuteAsync("update live_issues set title = title where id = 1");
                var polled = await Task.WhenAll(polling).Within();
                Assert.All(polled, poll => Assert.Equal("public, max-age=5, no-transform", poll.Cache));
                Assert.All(polled, poll => Assert.Equal("Accept, Accept-Encoding, Origin", poll.Vary));
                (start, other) = (polled[0].Token, polled[1].Token);
                return start == other;
            },
            "two who poll are at the same position");

        // A poll that ends without a change has another token than the one that it began with.
        for (var poll = 0; poll < 2; poll++)
        {
            var (_, _, next) = await PollAsync($"/public/queries/for-all?live=long-poll&resume={start}");
            Assert.NotEqual(start, next);
            start = next;
        }

        // What depends on more than the URL, and what is refused, is for nobody else.
        var (_, _, open) = await PollAsync("/queries/open?live=long-poll");
        foreach (var path in new[]
        {
            $"/queries/open?live=long-poll&resume={open}", $"/public/queries/for-all?live=sse&resume={start}",
            $"/public/queries/for-all?live=long-poll&resume={open}", "/public/queries/mine?live=long-poll",
        })
        {
            using var response = await api.GetAsync(path);
            Assert.StartsWith("no-store", response.Headers.CacheControl?.ToString(), Ordinal);
        }

        async Task<(string Cache, string Vary, string Token)> PollAsync(string path)
        {
            var (response, _) = await spans.GetAsync(api.Client, path);
            using var _ = response;
            var body = await response.Content.ReadAsStringAsync().Within();
            var lines = body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return (
                response.Headers.NonValidated["Cache-Control"].ToString(),
                response.Headers.Vary.ToString(),
                (string)JsonNode.Parse(lines[^1])!["end"]!["continue"]!);
        }
    }

    [Fact]
    public async Task More_changes_than_a_step_reads_are_none_that_are_lost()
    {
        await using var api = await StartAsync(("ChunkStream:Live:StepRows", "3"));
        using var client = new LiveClient(api.Client, "/queries/mapped");
        await client.OpenAsync();
        await client.UntilUpToDateAsync();
        for (var odd = 1; odd <= 10; odd++)
        {
            var told = client.Told.Count;
            await postgres.ExecuteAsync(
                $"update live_issues set team = case id when {odd} then 2 else 1 end, title = 'round {odd}'");
            await client.UntilAsync(it => it.Snapshot is not null && it.Told.Count > told);

            Assert.Equal(
                await ResultAsync(
                    "select team as id, count(*) as issues, max(title) as title from live_issues group by team"),
                client.Rows);
        }
    }

    [Fact]
    public async Task Readers_without_a_key_are_limited_because_they_hold_no_connection()
    {
        await using var api = await StartAsync(("ChunkStream:Streaming:MaxAnonymousStreams", "1"));
        using (var first = await api.GetAsync("/public/queries/for-all?live=sse"))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            using var second = await api.GetAsync("/public/queries/for-all?live=sse");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, second.StatusCode);
            using var withKey = await api.GetAsync("/queries/open?live=sse");
            Assert.Equal(HttpStatusCode.OK, withKey.StatusCode);
        }

        await Bounded.Until(
            async () =>
            {
                using var third = await api.GetAsync("/public/queries/for-all?live=sse");
                return third.StatusCode is HttpStatusCode.OK;
            },
            "the first has left");
    }

    [Theory]
    [InlineData("plain?live=sse", HttpStatusCode.BadRequest, "not live")]
    [InlineData("open?live=yes", HttpStatusCode.BadRequest, "sse or long-poll")]
    [InlineData("open?live=sse&limit=3", HttpStatusCode.BadRequest, "'limit' can't stand beside 'live'")]
    [InlineData("open?live=sse&format=csv", HttpStatusCode.NotAcceptable, "sse and frames")]
    [InlineData("open?live=sse&resume=nonsense", HttpStatusCode.BadRequest, "not a token")]
    public async Task What_can_not_be_followed_is_refused_with_a_reason(
        string call, HttpStatusCode status, string reason)
    {
        using var response = await _api.GetAsync("/queries/" + call);

        Assert.Equal(status, response.StatusCode);
        Assert.Contains(reason, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<LiveClient> OpenAsync(string query, string? user = null)
    {
        var client = new LiveClient(_api.Client, (user is null ? "/queries/" : "/public/queries/") + query)
        {
            User = user,
        };
        await client.OpenAsync();
        return client;
    }

    private async Task<JsonNode[]> FramesAsync(string path)
        => [.. (await _api.TextAsync(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonNode.Parse(line)!)];

    private async Task<SortedDictionary<string, string>> ResultAsync(string sql)
        => new((await postgres.OracleAsync(sql)).ToDictionary(
            row => JsonNode.Parse(row)!["id"]!.ToJsonString(), row => row), StringComparer.Ordinal);

    [Theory]
    [InlineData("2;jti=another;auth_time=99", false)]
    [InlineData("2;tenant=another", true)]
    public async Task A_position_is_good_for_the_claims_of_its_user_whatever_the_token(string user, bool isAnew)
    {
        using var before = new LiveClient(_api.Client, "/public/queries/mine") { User = "2" };
        await before.OpenAsync();
        await before.UntilUpToDateAsync();
        using var after = new LiveClient(_api.Client, "/public/queries/mine") { User = user };
        after.TakeOver(before);

        await after.OpenAsync();
        await after.UntilUpToDateAsync();

        Assert.Equal(isAnew, after.Told.Contains("must-refetch"));
        Assert.Equal(before.Rows, after.Rows);
    }

    [Fact]
    public async Task Who_is_cut_while_the_rows_come_anew_does_not_go_on_from_where_it_had_the_old_ones()
    {
        using var before = new LiveClient(_api.Client, "/public/queries/mine") { User = "2" };
        await before.OpenAsync();
        await before.UntilUpToDateAsync();

        // With other claims the rows come anew. It has forgotten the old ones, and is cut.
        using var other = new LiveClient(_api.Client, "/public/queries/mine") { User = "2;tenant=another" };
        other.TakeOver(before);
        await other.OpenAsync();
        await other.UntilAsync(it => it.Told.Contains("must-refetch"));

        // With the claims of before, its earlier position is good.
        using var after = new LiveClient(_api.Client, "/public/queries/mine") { User = "2" };
        after.TakeOver(other);
        await after.OpenAsync();
        await after.UntilUpToDateAsync();

        Assert.Equal(before.Rows, after.Rows);
    }

    // A subject, and more claims behind it: 2;tenant=a.
    private static IEnumerable<Claim> Claims(string user)
        => user.Split(';').Select(text => text.Split('=') is [var name, var value]
            ? new Claim(name, value)
            : new Claim("sub", text));
}
