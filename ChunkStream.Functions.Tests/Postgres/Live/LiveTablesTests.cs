using System.Net;
using System.Text.Json.Nodes;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>Live queries of tables with odd keys and parts, and of tables that take each other's place.</summary>
[Collection(RealPostgres.Collection)]
public sealed class LiveTablesTests(RealPostgres postgres) : IAsyncLifetime
{
    // For each type two values that a key takes, one after the other.
    private static readonly (string Type, string Before, string After)[] Keys =
    [
        ("live_tables.kind", "'Big one'", "'it''s \"small\"'"),
        ("live_tables.code", "'a'", "'b'"),
        ("int[]", "'{1,2}'", "'{}'"),
        ("text[]", "array['a,b','\"c\"', null]", "array['\\']"),
        ("live_tables.pair", "'(1,\"a,b\")'", "'(2,)'"),
        ("jsonb", "'{\"a\": [1, 2.50]}'", "'null'"),
        ("bytea", "'\\x00ff'", "''"),
        ("text", "''", "E'\\t\\\\\"''\\n'"),
        ("char(5)", "'a'", "'b'"),
        ("name", "'a'", "'b'"),
        ("float8", "'NaN'", "0.1"),
        ("numeric", "'NaN'", "1e-30"),
        ("timestamptz", "'infinity'", "'2020-02-29 12:00:00.000001+05:45'"),
        ("interval", "'1 mon -1 day'", "'-00:00:00.000001'"),
        ("int4range", "'empty'", "'[1,)'"),
        ("inet", "'::1'", "'10.0.0.0/8'"),
        ("bit varying", "'101'", "''"),
        ("uuid", "gen_random_uuid()", "gen_random_uuid()"),
    ];

    private readonly QueryFiles _files = new();
    private PlainApi _api = null!;

    public async Task InitializeAsync()
    {
        await postgres.ExecuteAsync("drop schema if exists live_tables cascade; create schema live_tables");
        _files.With("items", "-- key: id\n-- live\nselect id, title from live_tables.items")
            .With(
                "of-kind",
                "-- param: kind int\n-- key: id\n-- live: live_tables.items(id)\n"
                + "select i.id, k.name from live_tables.items i join live_tables.kinds k on k.id = @kind")
            .With(
                "noted",
                "-- key: id\n-- live: live_tables.items(id)\n-- live: live_tables.notes(item)\n"
                + "select i.id, i.title, (select count(*) from live_tables.notes n where n.item = i.id) as notes "
                + "from live_tables.items i");
        _files.With(
            "slow",
            "-- key: id\n-- live\n"
            + "select id, case when title = 'slow' then pg_sleep(600)::text end as slept from live_tables.items");
        _files.With(
                "of-child", "-- key: id\n-- live: live_tables.items(id)\nselect id, title from live_tables.child")
            .With(
                "of-hidden",
                "-- key: id\n-- live: live_tables.kinds(id) => select id from live_tables.items "
                + "where kind = any(@changed)\nselect id from live_tables.kinds")
            .With(
                "of-titles",
                "-- key: id\n-- live: live_tables.items(number)\nselect number as id, title from live_tables.items");
        _files.With(
                "of-mark",
                "-- param: mark text\n-- key: id\n-- live where mark = @mark\n"
                + "select id, title from live_tables.marked where mark = @mark")
            .With(
                "of-code",
                "-- key: id\n-- live: live_tables.codes(code)\n-- live: live_tables.uses(code)\n"
                + "select c.code as id, (select count(*) from live_tables.uses u where u.code = c.code) as uses "
                + "from live_tables.codes c");
        for (var index = 0; index < Keys.Length; index++)
        {
            _files.With(
                $"of-{index}",
                "-- key: id\n-- live\n"
                + $"select id, \"Its \"\"own\"\" title\" as title from live_tables.\"Items {index}\"");
        }

        _api = await StartAsync(postgres.ConnectionString);
    }

    private Task<PlainApi> StartAsync(string connection) => PlainApi.StartAsync(
        app => app.MapQueries(),
        services => services.AddChunkStream().AddQueries(),
        settings:
        [
            ("ConnectionStrings:Postgres", connection), _files.Setting, ("ChunkStream:ResumeKey", new string('k', 32)),
        ]);

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        _files.Dispose();
        await postgres.ExecuteAsync("drop schema live_tables cascade");
    }

    [Fact]
    public async Task The_table_is_followed_for_which_its_name_stands_now()
    {
        const string Swap =
            """
            drop table if exists live_tables.before;
            create table live_tables.next (id int primary key, title text);
            insert into live_tables.next select id, 'next' from live_tables.items;
            begin;
            alter table live_tables.items rename to before;
            alter table live_tables.next rename to items;
            commit;
            """;
        await postgres.ExecuteAsync(
            "create table live_tables.items (id int primary key, title text);"
            + "insert into live_tables.items values (1, 'first')");
        using var client = await OpenAsync("items");
        await client.UntilUpToDateAsync();

        await postgres.ExecuteAsync(Swap);
        await client.UntilAsync(it => it.Snapshot is not null && HasTitle(it, "next"));
        await WriteAsync(client);
        Assert.Contains("must-refetch", client.Told);

        // Nobody reads while the name goes to another table once more; at last the table that was known is gone.
        foreach (var drop in new[] { "", "drop table live_tables.before" })
        {
            client.Dispose();
            await postgres.ExecuteAsync(Swap + drop);
            using var other = await OpenAsync("items");
            await other.UntilUpToDateAsync();
            await WriteAsync(other);
        }

        async Task WriteAsync(LiveClient client)
        {
            await postgres.ExecuteAsync("update live_tables.items set title = 'last'");
            await client.UntilAsync(it => it.Snapshot is not null && HasTitle(it, "last"));
        }

        static bool HasTitle(LiveClient client, string title)
            => client.Rows.TryGetValue("1", out var row) && (string?)JsonNode.Parse(row)!["title"] == title;
    }

    [Fact]
    public async Task A_table_must_be_declared_also_where_no_part_of_it_would_be_read_for_a_null()
    {
        await postgres.ExecuteAsync(
            """
            create table live_tables.items (id int primary key, kind int);
            create table live_tables.kinds (id int, name text) partition by list (id);
            create table live_tables.kinds_1 partition of live_tables.kinds for values in (1);
            create table live_tables.kinds_2 partition of live_tables.kinds for values in (2);
            """);

        using var response = await _api.GetAsync("/queries/of-kind?kind=1&live=sse");
        var catalogue = await _api.TextAsync("/queries");
        Assert.Contains("also reads live_tables.kinds", catalogue, StringComparison.Ordinal);
        Assert.False(response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task Of_equal_keys_that_are_written_differently_only_the_present_one_is_left()
    {
        await postgres.ExecuteAsync(
            """
            create table live_tables.items (id numeric primary key, title text);
            create table live_tables.notes (id int primary key, item numeric);
            insert into live_tables.items values (1.0, 'one'), (2.0, 'two');
            insert into live_tables.notes values (1, 1.000), (2, 2.0);
            """);
        using var client = await OpenAsync("noted");
        await client.UntilUpToDateAsync();
        await postgres.ExecuteAsync("update live_tables.items set id = 1.00 where id = 1");
        await client.UntilAsync(it => it.Snapshot is not null && it.Rows.ContainsKey("1.00"));
        await postgres.ExecuteAsync("delete from live_tables.notes");
        await client.UntilAsync(it => it.Snapshot is not null && it.Rows.Values.All(
            row => (int?)JsonNode.Parse(row)!["notes"] == 0));

        Assert.Equal(["1.00", "2.0"], client.Rows.Keys);
    }

    [Fact]
    public async Task A_domain_has_its_collation_in_the_log_too()
    {
        await postgres.ExecuteAsync(
            """
            create collation live_tables.any_case (
                provider = icu, locale = 'und-u-ks-level2', deterministic = false);
            create domain live_tables.mark as text collate live_tables.any_case;
            create table live_tables.marked (id int primary key, mark live_tables.mark, title text);
            insert into live_tables.marked values (1, 'ANNA', 'first');
            """);
        using var client = await OpenAsync("of-mark?mark=anna");
        await client.UntilUpToDateAsync();
        await postgres.ExecuteAsync("update live_tables.marked set title = 'last'");
        await client.UntilAsync(it => it.Snapshot is not null
            && it.Rows["1"].Contains("last", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Spaces_that_fill_a_value_up_are_no_part_of_a_key_of_another_type()
    {
        await postgres.ExecuteAsync(
            """
            create table live_tables.codes (code varchar(5) primary key);
            create table live_tables.uses (id int primary key, code char(5));
            insert into live_tables.codes values ('ab');
            """);
        using var client = await OpenAsync("of-code");
        await client.UntilUpToDateAsync();
        await postgres.ExecuteAsync("insert into live_tables.uses values (1, 'ab')");
        await client.UntilAsync(it => it.Snapshot is not null
            && (int?)JsonNode.Parse(it.Rows["\"ab\""])!["uses"] == 1);
        Assert.DoesNotContain("delete", client.Told);
    }

    [Fact]
    public async Task A_table_that_inherits_is_followed_through_the_one_whose_name_writers_use()
    {
        await postgres.ExecuteAsync(
            """
            create table live_tables.items (id int primary key, title text);
            create table live_tables.child () inherits (live_tables.items);
            insert into live_tables.child values (1, 'first');
            """);
        using var client = await OpenAsync("of-child");
        await client.UntilUpToDateAsync();

        await postgres.ExecuteAsync("update live_tables.items set title = 'by the parent'");
        await client.UntilAsync(
            it => it.Snapshot is not null && it.Rows["1"].Contains("parent", StringComparison.Ordinal));
        await postgres.ExecuteAsync("update live_tables.child set title = 'by its own'");
        await client.UntilAsync(
            it => it.Snapshot is not null && it.Rows["1"].Contains("own", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_statement_that_leads_to_keys_must_see_all_rows()
    {
        await postgres.ExecuteAsync(
            """
            create table live_tables.items (id int primary key, kind int);
            create table live_tables.kinds (id int primary key);
            create role live_tables_owner;
            alter table live_tables.items owner to live_tables_owner;
            alter table live_tables.items enable row level security, force row level security;
            grant usage on schema live_tables to live_tables_owner;
            grant select on live_tables.kinds to live_tables_owner;
            """);
        try
        {
            await using var api = await StartAsync(
                postgres.ConnectionString + ";Options=-c role=live_tables_owner");
            var catalogue = await api.TextAsync("/queries");
            Assert.Contains("who has to see all rows", catalogue, StringComparison.Ordinal);
        }
        finally
        {
            await postgres.ExecuteAsync("drop owned by live_tables_owner cascade; drop role live_tables_owner");
        }
    }

    [Fact]
    public async Task Two_rows_that_come_to_have_the_same_key_are_told_as_a_failure()
    {
        await postgres.ExecuteAsync(
            "create table live_tables.items (number int, title text);"
            + "insert into live_tables.items values (1, 'one'), (2, 'two')");
        using var client = await OpenAsync("of-titles");
        await client.UntilUpToDateAsync();

        await postgres.ExecuteAsync("update live_tables.items set number = 1");
        var told = await Assert.ThrowsAsync<HttpRequestException>(() => client.UntilAsync(_ => false));

        Assert.Contains("same key", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_can_not_be_watched_is_told_in_the_log_once()
    {
        await postgres.ExecuteAsync("create unlogged table live_tables.items (id int primary key, title text)");
        for (var asked = 0; asked < 3; asked++)
        {
            using var response = await _api.GetAsync("/queries/items?live=sse");
            Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        }

        var told = Assert.Single(_api.Log.Entries, entry => entry.Event.Name == "ChangesNotLogged");
        Assert.Contains("unlogged", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_step_ends_when_its_last_reader_leaves()
    {
        const string Steps =
            "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(600)%' "
            + "and pid <> pg_backend_pid()";
        await postgres.ExecuteAsync(
            "create table live_tables.items (id int primary key, title text);"
            + "insert into live_tables.items values (1, 'first')");
        using var client = await OpenAsync("slow");
        await client.UntilUpToDateAsync();
        await postgres.ExecuteAsync("update live_tables.items set title = 'slow'");
        await Bounded.Until(async () => await postgres.ScalarAsync<long>(Steps) == 1, "the step runs");

        client.Dispose();
        await Bounded.Until(async () => await postgres.ScalarAsync<long>(Steps) == 0, "the step has ended");
    }

    [Fact]
    public async Task Keys_of_all_types_are_followed()
    {
        await postgres.ExecuteAsync(
            """
            create type live_tables.kind as enum ('Big one', 'it''s "small"');
            create domain live_tables.code as varchar(10) check (value <> 'c');
            create type live_tables.pair as (number int, text text);
            """);
        foreach (var (index, (type, before, after)) in Keys.Index())
        {
            await postgres.ExecuteAsync(
                $"""
                create table live_tables."Items {index}" (
                    gone int, id {type} primary key, base text,
                    "Its ""own"" title" text generated always as (base || '!') stored);
                alter table live_tables."Items {index}" drop column gone;
                insert into live_tables."Items {index}" (id, base) values ({before}, 'first');
                """);
            using var client = await OpenAsync($"of-{index}");
            await client.UntilUpToDateAsync();
            var key = Assert.Single(client.Rows.Keys);
            await postgres.ExecuteAsync($"update live_tables.\"Items {index}\" set base = 'last'");
            await client.UntilAsync(it => it.Snapshot is not null
                && it.Rows.Values.Single().Contains("last!", StringComparison.Ordinal));
            Assert.Equal(key, Assert.Single(client.Rows.Keys));

            await postgres.ExecuteAsync($"update live_tables.\"Items {index}\" set id = {after}");
            await client.UntilAsync(it => it.Snapshot is not null && !it.Rows.ContainsKey(key));
            Assert.True(client.Rows.Count == 1, $"A row with a key of type {type} is missing.");
            await postgres.ExecuteAsync($"delete from live_tables.\"Items {index}\"");
            await client.UntilAsync(it => it.Snapshot is not null && it.Rows.Count == 0);
            Assert.DoesNotContain("must-refetch", client.Told);
        }
    }

    private async Task<LiveClient> OpenAsync(string query)
    {
        var client = new LiveClient(_api.Client, "/queries/" + query);
        await client.OpenAsync();
        return client;
    }
}
