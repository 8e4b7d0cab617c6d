using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ChunkStream.Functions.Tests.Support;
using Npgsql;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

/// <summary><c>chunkstream.publish_changes</c> writes a table's changes to a stream.</summary>
[Collection(RealPostgres.StreamsAndClients)]
public sealed class PublishChangesTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);
    private readonly string _schema = "t" + Guid.NewGuid().ToString("N");
    private readonly string _path = NewPath("changes");

    public async Task InitializeAsync()
    {
        await _host.Store.HeadAsync("none", default).Within();
        await postgres.ExecuteAsync($"create schema {_schema}");
    }

    public async Task DisposeAsync()
    {
        await postgres.ExecuteAsync($"drop schema {_schema} cascade");
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Inserts_updates_and_deletes_are_messages()
    {
        await SqlAsync("create table orders (id int primary key, n numeric, at timestamptz, j json)");
        await PublishAsync("orders");
        await SqlAsync(
            "set timezone = 'Asia/Tokyo'; insert into orders values (1, 1.10, '2020-01-01 00:00+00', '{\"a\":  1.0}')");
        await SqlAsync("update orders set n = 123456789012345678901.5");
        await SqlAsync("delete from orders where id = 5");
        await SqlAsync("delete from orders");

        const string first = """{"id":1,"n":1.10,"at":"2020-01-01T00:00:00+00:00","j":{"a":  1.0}}""";
        const string second =
            """{"id":1,"n":123456789012345678901.5,"at":"2020-01-01T00:00:00+00:00","j":{"a":  1.0}}""";
        var text = await _host.ReadAllAsync(_path);
        Assert.Equal(
            [
                $$$"""{"type":"orders","key":"1","value":{{{first}}},"headers":{"operation":"insert",…}}""",
                $$$"""{"type":"orders","key":"1","value":{{{second}}},"old_value":{{{first}}}"""
                    + ""","headers":{"operation":"update",…}}""",
                $$$"""{"type":"orders","key":"1","old_value":{{{second}}},"headers":{"operation":"delete",…}}""",
            ],
            Regex.Replace(text, "\"txid\":\"[0-9]+\",\"timestamp\":\"[^\"]+\"", "…")
                .Replace("}},{", "}}\n{", StringComparison.Ordinal).Split('\n'));

        var messages = await MessagesAsync();
        Assert.All(messages, message => Assert.Matches("^[0-9]+$", (string?)message["headers"]!["txid"]));
        Assert.All(messages, message => Assert.Matches(
            @"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", (string?)message["headers"]!["timestamp"]));
        Assert.Equal(3, messages.Select(message => (string?)message["headers"]!["txid"]).Distinct().Count());
    }

    [Fact]
    public async Task Nothing_is_published_of_what_is_rolled_back()
    {
        await SqlAsync("create table orders (id int primary key)");
        await PublishAsync("orders");
        await SqlAsync(
            "begin; insert into orders values (1); savepoint a; insert into orders values (2); rollback to a; "
            + "insert into orders values (3); commit");
        await SqlAsync("begin; delete from orders; rollback");

        Assert.Equal(["insert 1", "insert 3"], await ChangesAsync());
    }

    [Fact]
    public async Task A_change_of_the_key_is_a_deletion_and_an_insertion()
    {
        await SqlAsync(
            "create table orders (id int primary key, n text); insert into orders values (1, 'a'), (2, 'b'), (3, 'c')");
        await PublishAsync("orders");
        await SqlAsync("update orders set id = 10 where id = 3");
        // The order in which the rows are changed does not matter: only each key's row before and after does.
        await SqlAsync("update orders set id = case id when 1 then 4 when 2 then 5 end where id < 3");
        await SqlAsync("alter table orders drop constraint orders_pkey; alter table orders add unique (id)");
        await SqlAsync(
            "begin; update orders set id = -id; "
            + "update orders set id = case id when -4 then 5 when -5 then 4 else 10 end; commit");

        Assert.Equal(
            [
                "delete 3", "insert 10", "delete 1", "delete 2", "insert 4", "insert 5",
                "delete 10", "delete 4", "delete 5", "insert -10", "insert -4", "insert -5",
                "delete -10", "delete -4", "delete -5", "insert 10", "insert 5", "insert 4",
            ],
            (await ChangesAsync()).ToArray());
        Assert.Equal(await RowsAsync("orders", "id"), await StateAsync());
    }

    [Fact]
    public async Task Insert_on_conflict_merge_copy_and_cascades_are_seen()
    {
        await SqlAsync(
            """
            create table orders (id int primary key, n int);
            create table items (id int primary key, order_id int references orders on delete cascade on update cascade);
            """);
        await PublishAsync("orders");
        await PublishAsync("items");
        await SqlAsync("insert into orders values (1, 1)");
        await SqlAsync("insert into orders values (1, 2), (2, 2) on conflict (id) do update set n = excluded.n");
        await SqlAsync("insert into orders values (1, 9) on conflict do nothing");
        await SqlAsync("insert into items values (7, 1), (8, 2)");
        await SqlAsync(
            "merge into orders o using (values (1), (3)) v (id) on o.id = v.id "
            + "when matched then delete when not matched then insert values (v.id, 0)");
        await SqlAsync("update orders set id = 4 where id = 2");
        await using (var connection = new NpgsqlConnection(
            postgres.ConnectionString + $";Search Path={_schema};Pooling=false"))
        {
            await connection.OpenAsync();
            await using var copy = await connection.BeginTextImportAsync("copy orders from stdin");
            await copy.WriteAsync("20\t1\n21\t1\n");
        }

        Assert.Equal(
            [
                "orders insert 1", "orders update 1", "orders insert 2", "items insert 7", "items insert 8",
                "orders delete 1", "orders insert 3", "items delete 7", "orders delete 2", "orders insert 4",
                "items update 8",
                "orders insert 20", "orders insert 21",
            ],
            (await MessagesAsync())
                .Select(message => $"{message["type"]} {message["headers"]!["operation"]} {message["key"]}"));
    }

    [Fact]
    public async Task What_other_triggers_change_in_turn_comes_after_what_made_them()
    {
        await SqlAsync(
            """
            create table orders (id int primary key, n int);
            create function bump() returns trigger language plpgsql as $$ begin
                update orders set n = n + 1 where id = new.id;
                insert into orders values (new.id + 10, 0) on conflict do nothing;
                return null;
            end $$;
            """
            .Replace("update orders", $"update {_schema}.orders", StringComparison.Ordinal)
            .Replace("into orders", $"into {_schema}.orders", StringComparison.Ordinal));
        await SqlAsync(
            "create trigger a_bump after insert on orders for each row when (new.id < 10) execute function bump()");
        await PublishAsync("orders");
        await SqlAsync("insert into orders values (1, 0), (2, 0)");

        Assert.Equal(["insert 1", "insert 2", "update 1", "insert 11", "update 2", "insert 12"], await ChangesAsync());
        Assert.Equal(await RowsAsync("orders", "id"), await StateAsync());
    }

    [Fact]
    public async Task Truncate_deletes_each_row_or_resets_the_stream()
    {
        await SqlAsync("create table orders (id int primary key); create table items (id int primary key)");
        await PublishAsync("orders");
        await PublishAsync("items", ", on_truncate => 'reset'");
        await SqlAsync("insert into orders values (1), (2); truncate orders; truncate items");

        var messages = await MessagesAsync();

        Assert.Equal(["insert 1", "insert 2", "delete 1", "delete 2"], messages[..^1].Select(Change));
        Assert.Equal("""{"headers":{"control":"reset"}}""", messages[^1].ToJsonString());
    }

    [Fact]
    public async Task Partitions_are_part_of_their_table()
    {
        await SqlAsync(
            """
            create table orders (id int primary key, v text) partition by range (id);
            create table low partition of orders for values from (0) to (10);
            create table high (v text, id int not null);
            alter table orders attach partition high for values from (10) to (20);
            """);
        await PublishAsync("orders");
        await SqlAsync("insert into orders values (1, 'a'), (11, 'b')");
        await SqlAsync("insert into high values ('c', 12)");
        await SqlAsync("update orders set id = 13 where id = 1");
        await SqlAsync("truncate high");
        await SqlAsync(
            "create table later partition of orders for values from (20) to (30); "
            + "insert into orders values (21, 'd'), (2, 'e')");
        await SqlAsync("truncate orders");

        Assert.Equal(
            [
                "insert 1", "insert 11", "insert 12", "delete 1", "insert 13", "delete 11", "delete 12", "delete 13",
                "insert 21", "insert 2",
                "delete 21", "delete 2",
            ],
            await ChangesAsync());
        Assert.Equal("42809", await StateOfAsync(Publish("low")));
        await SqlAsync("select chunkstream.unpublish_changes('orders')");
        Assert.Equal(0, await LeftAsync());
    }

    [Fact]
    public async Task Ten_thousand_rows_of_one_statement_are_published_in_order()
    {
        await SqlAsync("create table orders (id int primary key, n text)");
        await PublishAsync("orders");
        await SqlAsync("insert into orders select i, 'row ' || i from generate_series(1, 10000) i");
        await SqlAsync("update orders set n = n || '!' where id % 2 = 0");
        await SqlAsync("delete from orders where id > 5000");

        var changes = await ChangesAsync();

        Assert.Equal(Enumerable.Range(1, 10_000).Select(i => $"insert {i}"), changes[..10_000]);
        Assert.Equal(
            5_000,
            changes.Skip(10_000).Take(5_000).Count(change => change.StartsWith("update", StringComparison.Ordinal)));
        Assert.Equal(
            5_000, changes.Skip(15_000).Count(change => change.StartsWith("delete", StringComparison.Ordinal)));
        Assert.Equal(await RowsAsync("orders", "id"), await StateAsync());
    }

    [Fact]
    public async Task A_row_too_large_for_a_message_is_published_by_its_key()
    {
        await SqlAsync("create table blob (id int, part text, seen bool, data text, primary key (part, id))");
        await PublishAsync("blob");
        await SqlAsync("update chunkstream.limits set max_message_bytes = 100000");
        try
        {
            await SqlAsync(
                "insert into blob select i, 'a', false, case when i < 2 then 'small' "
                + "else (select string_agg(md5(j::text), '') from generate_series(1, 4000) j) end "
                + "from generate_series(1, 3) i");
            await SqlAsync("update blob set seen = true");
            await SqlAsync("delete from blob where id = 2; truncate blob");
            Assert.Equal(
                "54000", await StateOfAsync($"select chunkstream.append('{_path}', to_jsonb(repeat('x', 100000)))"));
        }
        finally
        {
            await SqlAsync("update chunkstream.limits set max_message_bytes = default");
        }

        static string Large(int id) => $$"""{"part":"a","id":{{id}},"$too_large":true}""";
        static string Small(bool seen)
            => $$"""{"id":1,"part":"a","seen":{{(seen ? "true" : "false")}},"data":"small"}""";
        Assert.Equal(
            [
                $"insert 1 {Small(false)} ", $"insert 2 {Large(2)} ", $"insert 3 {Large(3)} ",
                $"update 1 {Small(true)} {Small(false)}", $"update 2 {Large(2)} {Large(2)}",
                $"update 3 {Large(3)} {Large(3)}",
                $"delete 2  {Large(2)}", $"delete 1  {Small(true)}", $"delete 3  {Large(3)}",
            ],
            (await MessagesAsync()).Select(message =>
                $"{message["headers"]!["operation"]} {JsonNode.Parse((string)message["key"]!)![1]} "
                + $"{message["value"]?.ToJsonString()} {message["old_value"]?.ToJsonString()}"));
    }

    [Fact]
    public async Task A_row_whose_JSON_Postgres_can_not_hold_is_published_by_its_key()
    {
        const string filler = "(select string_agg(md5(j::text), '') from generate_series(1, 300) j)";

        // These are the errors that Postgres raises for a text of more than a gigabyte.
        await SqlAsync(
            $"""
            create type huge as enum ('program_limit_exceeded', 'internal_error', 'division_by_zero');
            create function huge_json({_schema}.huge) returns json language plpgsql as $$ begin
                raise exception 'too large' using errcode = $1::text;
            end $$;
            create cast ({_schema}.huge as json) with function huge_json({_schema}.huge);
            create table t (id int primary key, data {_schema}.huge, filler text);
            """);
        await PublishAsync("t");
        await SqlAsync(
            $"insert into t values (1, 'program_limit_exceeded', {filler}), (2, 'internal_error', {filler})");

        Assert.Equal("22012", await StateOfAsync($"insert into t values (3, 'division_by_zero', {filler})"));
        Assert.Equal(
            ["""{"id":1,"$too_large":true}""", """{"id":2,"$too_large":true}"""],
            (await MessagesAsync()).Select(message => message["value"]!.ToJsonString()));
    }

    [Fact]
    public async Task Messages_are_handed_over_in_batches_by_their_bytes()
    {
        await SqlAsync("create table t (id int primary key, data text)");
        await PublishAsync("t");

        // There are so many changes that some of them share a batch, but not all do.
        var calls = await postgres.ScalarAsync<long>(
            $"""
            set search_path = {_schema}; set track_functions = 'pl';
            begin;
            insert into t select i, repeat('x', 300000) from generate_series(1, 40) i;
            update t set id = -id where id > 35;
            select calls from pg_stat_xact_user_functions where schemaname = 'chunkstream' and funcname = 'publish';
            commit
            """);

        Assert.InRange(calls, 11, 20);
        string[] changes =
        [
            .. Enumerable.Range(1, 40).Select(i => $"insert {i}"),
            .. Enumerable.Range(36, 5).Select(i => $"delete {i}"),
            .. Enumerable.Range(36, 5).Select(i => $"insert -{i}"),
        ];
        Assert.Equal(changes, await ChangesAsync());
    }

    [Fact]
    public async Task Names_are_names_whatever_they_have()
    {
        const string table = """
            "we""ird '%s $f$ \täble; drop schema chunkstream"
            """;
        const string key = """
            "k""e'y %1$s"
            """;
        var path = NewPath("o'r%s%1$s\\$body$\"; --");
        await SqlAsync(
            $"create table {table} ({key} text, \"new\" int, n int, w text, k text, v_turn text, "
            + $"primary key (\"new\", {key}))");
        await SqlAsync(
            $"select chunkstream.publish_changes({Quoted(table)}, {Quoted(path)}, type => {Quoted("a\"'%s\\")})");
        await SqlAsync($"insert into {table} values ('', 1, 1, 'w', 'k', 't'), ('\"', 2, 2, 'w', 'k', 't')");
        await SqlAsync($"update {table} set n = 3 where n = 1");
        await SqlAsync($"truncate {table}");

        var messages = await MessagesAsync(path);

        Assert.Equal(
            [
                """insert [1, ""]""", """insert [2, "\""]""", """update [1, ""]""", """delete [2, "\""]""",
                """delete [1, ""]""",
            ],
            messages.Select(Change));
        Assert.All(messages, message => Assert.Equal("a\"'%s\\", (string?)message["type"]));
        Assert.Equal(
            """{"k\u0022e\u0027y %1$s":"","new":1,"n":1,"w":"w","k":"k","v_turn":"t"}""",
            messages[0]["value"]!.ToJsonString());
        await SqlAsync($"select chunkstream.unpublish_changes({Quoted(table)})");
        Assert.Equal(0, await LeftAsync());
    }

    [Fact]
    public async Task Keys_are_texts_of_which_no_two_are_alike_and_none_is_empty()
    {
        await SqlAsync(
            "create table t (k text primary key, u uuid not null unique default gen_random_uuid(), "
            + "d timestamptz not null unique)");
        await PublishAsync("t");
        await SqlAsync(
            """insert into t (k, d) values ('', '2020-01-01 00:00+00'), ('""', '2021-01-01'), ('"', '2022-01-01'), """
            + "('a', '2023-01-01')");
        await SqlAsync(
            $"select chunkstream.publish_changes('t', '{_path}', key => '{{d}}'); update t set k = 'x' where k = ''");

        Assert.Equal(
            [
                """insert "" """.Trim(), """insert "\"\"" """.Trim(), """insert "\"" """.Trim(), "insert a",
                "update 2020-01-01T00:00:00+00:00",
            ],
            await ChangesAsync());
    }

    [Fact]
    public async Task Generated_columns_have_their_values()
    {
        // Postgres 18 is the first with virtual generated columns.
        var kind = await postgres.MajorAsync() < 18 ? "stored" : "virtual";
        await SqlAsync(
            "create table t (id int primary key, \"n%s\" int, gone int, "
            + "s int generated always as (\"n%s\" + 1) stored, "
            + $"v int generated always as (abs(\"n%s\") * 2) {kind})");
        await SqlAsync("alter table t drop column gone; insert into t values (0, 1)");
        await PublishAsync("t", ", snapshot => true");
        await SqlAsync(
            "insert into t values (1, -2); update t set \"n%s\" = 7 where id = 1; "
            + "delete from t where id = 1; truncate t");

        var messages = (await MessagesAsync()).Where(message => message["type"] is not null);

        Assert.Equal(
            [
                """{"id":0,"n%s":1,"s":2,"v":2}""", """{"id":1,"n%s":-2,"s":-1,"v":4}""",
                """{"id":1,"n%s":7,"s":8,"v":14}""",
                """{"id":1,"n%s":7,"s":8,"v":14}""", """{"id":0,"n%s":1,"s":2,"v":2}""",
            ],
            messages.Select(message => (message["value"] ?? message["old_value"])!.ToJsonString()));
    }

    [Fact]
    public async Task The_rows_that_are_there_are_published_first_if_asked_for()
    {
        await SqlAsync("create table orders (id int primary key); insert into orders values (1), (2)");
        await PublishAsync("orders", ", snapshot => true, old_values => false");
        await SqlAsync("delete from orders where id = 1");

        Assert.Equal(
            ["snapshot-start", "insert 1", "insert 2", "snapshot-end", "delete 1"],
            (await MessagesAsync()).Select(message => (string?)message["headers"]!["control"] ?? Change(message)));
        Assert.Null((await MessagesAsync())[^1]["old_value"]);
    }

    [Fact]
    public async Task Publishing_again_replaces_and_unpublishing_ends_it()
    {
        await SqlAsync("create table orders (id int primary key, n int)");
        var second = NewPath("changes");
        await PublishAsync("orders");
        await SqlAsync($"select chunkstream.publish_changes('orders', '{second}')");
        await SqlAsync(
            "insert into orders values (1); alter table orders add column more text default 'm'; "
            + "alter table orders rename to renamed; insert into renamed values (2); truncate renamed");

        Assert.Empty(await ChangesAsync());
        Assert.Equal(["insert 1", "insert 2", "delete 1", "delete 2"], await ChangesAsync(second));
        Assert.Equal("""{"id":2,"n":null,"more":"m"}""", (await MessagesAsync(second))[1]["value"]!.ToJsonString());
        Assert.True(await postgres.ScalarAsync<bool>($"select chunkstream.unpublish_changes('{_schema}.renamed')"));
        Assert.False(await postgres.ScalarAsync<bool>($"select chunkstream.unpublish_changes('{_schema}.renamed')"));
        await SqlAsync("insert into renamed values (3)");
        Assert.Equal(4, (await ChangesAsync(second)).Length);
        Assert.Equal(0, await LeftAsync());
    }

    [Fact]
    public async Task What_can_not_be_published_is_refused()
    {
        var text = NewPath();
        await _host.CreateAsync(text);
        await SqlAsync(
            """
            create table t (id int primary key, n int unique, part int not null, late int not null unique deferrable);
            create unique index on t (part) where n > 0;
            create table none (id int);
            create view v as select * from t;
            """);

        Assert.Equal("42P16", await StateOfAsync(Publish("none")));
        Assert.Equal("42809", await StateOfAsync(Publish("v")));
        Assert.Equal("42P01", await StateOfAsync(Publish("missing")));
        Assert.Equal("42703", await StateOfAsync(Publish("t", ", key => '{nope}'")));
        foreach (var column in new[] { "n", "part", "late" })
            Assert.Equal("42P16", await StateOfAsync(Publish("t", $", key => '{{{column}}}'")));
        Assert.Equal("22023", await StateOfAsync(Publish("t", ", on_truncate => 'x'")));
        Assert.Equal("22023", await StateOfAsync(Publish("t", ", type => ''")));
        Assert.Equal("42710", await StateOfAsync($"select chunkstream.publish_changes('t', '{text}')"));
        Assert.Equal(
            "42809", await StateOfAsync($"select chunkstream.publish_changes('chunkstream.chunks', '{_path}')"));
        Assert.Equal(0, await LeftAsync());
        await SqlAsync(Publish("t", ", key => '{id,part}'"));
    }

    [Fact]
    public async Task A_table_whose_stream_is_gone_can_not_be_changed()
    {
        await SqlAsync("create table orders (id int primary key)");
        await PublishAsync("orders");
        await _host.DeleteAsync(_path).Within();

        Assert.Equal("42704", await StateOfAsync("insert into orders values (1)"));
        await SqlAsync("select chunkstream.unpublish_changes('orders'); insert into orders values (1)");
    }

    [Fact]
    public async Task Who_writes_to_the_table_needs_no_rights_for_the_stream()
    {
        var suffix = Guid.NewGuid().ToString("N");
        var (owner, user) = ("owner_" + suffix, "user_" + suffix);
        await postgres.ExecuteAsync(
            $"create role {owner}; create role {user}; grant usage, create on schema {_schema} to {owner}; "
            + $"grant usage on schema {_schema} to {user}");
        try
        {
            await SqlAsync(
                $"set role {owner}; create table orders (id int primary key); grant insert on orders to {user}");
            Assert.Equal("42501", await StateOfAsync($"set role {owner}; " + Publish("orders")));
            // Not even an administrator can publish the table of a role that may not write streams.
            Assert.Equal("42501", await StateOfAsync(Publish("orders")));

            await postgres.ExecuteAsync($"select chunkstream.allow_writing('{owner}')");
            await SqlAsync($"set role {owner}; " + Publish("orders"));
            await SqlAsync($"set role {user}; insert into orders values (1)");
            await PublishAsync("orders", ", snapshot => true");
            await SqlAsync($"set role {user}; insert into orders values (2)");

            Assert.Equal(
                ["insert 1", "snapshot-start", "insert 1", "snapshot-end", "insert 2"],
                (await MessagesAsync()).Select(message => (string?)message["headers"]!["control"] ?? Change(message)));
            Assert.Equal("42501", await StateOfAsync($"set role {user}; select chunkstream.append('{_path}', '1')"));
            Assert.Equal(
                "42501", await StateOfAsync($"set role {user}; select chunkstream.unpublish_changes('orders')"));
            Assert.Equal(owner, await postgres.ScalarAsync<string>(
                "select proowner::regrole::text from pg_proc "
                + $"where proname = 'orders_to_stream' and pronamespace = '{_schema}'::regnamespace"));
        }
        finally
        {
            await postgres.ExecuteAsync($"drop owned by {owner}, {user} cascade; drop role {owner}, {user}");
        }
    }

    private static string Quoted(string text)
        => "E'"
            + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)
            + "'";

    private static string Change(JsonNode message) => $"{message["headers"]!["operation"]} {message["key"]}";

    private string Publish(string table, string more = "")
        => $"select chunkstream.publish_changes('{table}', '{_path}'{more})";

    private Task PublishAsync(string table, string more = "") => SqlAsync(Publish(table, more));

    private Task SqlAsync(string sql) => postgres.ExecuteAsync($"set search_path = {_schema}; {sql}").Within();

    private async Task<string> StateOfAsync(string sql)
        => (await Assert.ThrowsAsync<PostgresException>(() => SqlAsync(sql))).SqlState;

    private async Task<JsonNode[]> MessagesAsync(string? path = null)
        => [.. JsonNode.Parse($"[{await _host.ReadAllAsync(path ?? _path)}]")!.AsArray().Select(message => message!)];

    private async Task<string[]> ChangesAsync(string? path = null) => [.. (await MessagesAsync(path)).Select(Change)];

    // The table's rows as a reader of the stream knows them in the end.
    private async Task<SortedDictionary<string, string>> StateAsync()
    {
        var state = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var message in await MessagesAsync())
        {
            if ((string?)message["headers"]!["operation"] == "delete")
                state.Remove((string)message["key"]!);
            else
                state[(string)message["key"]!] = message["value"]!.ToJsonString();
        }

        return state;
    }

    private async Task<SortedDictionary<string, string>> RowsAsync(string table, string key)
    {
        var rows = (await postgres.OracleAsync($"select * from {_schema}.{table}")).Select(row => JsonNode.Parse(row)!);
        return new(rows.ToDictionary(row => row[key]!.ToString(), row => row.ToJsonString()), StringComparer.Ordinal);
    }

    // How many of our triggers and functions are left in the test's schema.
    private Task<long> LeftAsync()
        => postgres.ScalarAsync<long>(
            $"""
            select (select count(*) from pg_trigger t join pg_class c on c.oid = t.tgrelid
                    where c.relnamespace = '{_schema}'::regnamespace and t.tgname like 'chunkstream%')
                + (select count(*) from pg_proc p where p.pronamespace = '{_schema}'::regnamespace)
            """);
}
