using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live.Changes;

namespace ChunkStream.Functions.Tests.Postgres.Live.Changes;

/// <summary>Which writes the change log has.</summary>
[Collection(RealPostgres.Collection)]
public sealed class WritesTests(RealPostgres postgres)
{
    [Fact]
    public async Task Keys_before_and_after_each_write_are_logged()
    {
        await using var host = await LogHost.CreateAsync(postgres, "create table orders (id int primary key, n int)");
        var watch = await host.WatchAsync("orders", "id");
        var position = await host.StartAsync(watch);

        await FindsAsync("insert into orders values (1, 1), (2, 2), (3, 3)", "1", "2", "3");
        await FindsAsync("update orders set n = 5 where id = 2", "2");
        await FindsAsync("update orders set id = 4 where id = 3", "3", "4");
        await FindsAsync(
            "update orders set id = case id when 2 then 20 else id end where id in (1, 2)", "1", "2", "20");
        await FindsAsync("update orders set id = 2 where id = 20", "2", "20");
        await FindsAsync("delete from orders where id = 1", "1");
        await FindsAsync("update orders set n = 7 where id = 100");
        await FindsAsync("begin; insert into orders values (9, 9); rollback");
        await FindsAsync(
            "begin; insert into orders values (5, 5); savepoint a; insert into orders values (6, 6); rollback to a; "
            + "insert into orders values (7, 7); commit",
            "5", "7");
        await FindsAsync(
            "insert into orders values (2, 0), (8, 0) on conflict (id) do update set n = excluded.n", "2", "8");
        await FindsAsync("insert into orders values (2, 0) on conflict do nothing");
        await FindsAsync(
            "merge into orders o using (values (2), (5), (10)) v (id) on o.id = v.id "
            + "when matched and o.id = 2 then delete when matched then update set n = 1 "
            + "when not matched then insert values (v.id, 0)",
            "10", "2", "5");
        await FindsAsync("insert into orders values (11, 11)", "11");
        await FindsAsync(
            "with d as (delete from orders where id = 11 returning id) insert into orders select id + 1, 0 from d",
            "11", "12");
        await FindsAsync("create view v as select * from orders; update v set n = 3 where id = 12", "12");
        await FindsAsync(
            "begin; set local session_replication_role = replica; delete from orders where id = 12; commit", "12");
        await using (var connection = await host.OpenAsync())
        await using (var copy = await connection.BeginTextImportAsync("copy orders from stdin"))
            await copy.WriteAsync("13\t1\n14\t1\n");
        await FindsAsync("select 1", "13", "14");

        async Task FindsAsync(string sql, params string[] keys)
            => position = await host.FindsAsync(watch, position, sql, keys);
    }

    [Fact]
    public async Task Cascades_are_logged_in_both_directions()
    {
        await using var host = await LogHost.CreateAsync(
            postgres,
            """
            create table orders (id int primary key);
            create table items (
                id int primary key, order_id int references orders on delete cascade on update cascade,
                other_id int references orders on delete set null);
            insert into orders values (1), (2), (3);
            insert into items values (7, 1, null), (8, 2, null), (9, null, 3);
            """);
        var watch = await host.WatchAsync("items", "id", "order_id");
        var position = await host.StartAsync(watch);

        position = await host.FindsAsync(watch, position, "update orders set id = 5 where id = 2", "8|2", "8|5");
        position = await host.FindsAsync(watch, position, "delete from orders where id = 1", "7|1");
        await host.SqlAsync("update items set order_id = 5 where id = 9");
        await host.FindsAsync(watch, position, "delete from orders where id = 3", "9|5");
    }

    [Fact]
    public async Task Values_of_any_type_are_logged_as_they_are()
    {
        await using var host = await LogHost.CreateAsync(
            postgres,
            """
            create type pair as (a int, b text);
            create domain many as int[];
            create type mood as enum ('sad', 'happy');
            create table "Odd Names" (
                "Id of it" bigint, t text collate "C", n numeric, c char(4), b bit(3), j json, p point, d date,
                a int[], m many, pairs pair[], x pair, e mood, u uuid, g text generated always as (t || '!') stored,
                dropped int);
            alter table "Odd Names" drop column dropped;
            """);
        string[] columns =
            ["Id of it", "t", "n", "c", "b", "j", "p", "d", "a", "m", "pairs", "x", "e", "u", "g"];
        var watch = await host.WatchAsync("\"Odd Names\"", columns);
        var position = await host.StartAsync(watch);

        await host.SqlAsync(
            """
            insert into "Odd Names" values (
                1, 'a,"b\', 1.10, 'x', '101', '{"a":  1}', '(1,2)', '2020-01-02', '{{1,2},{3,4}}', '{1}',
                array[row(1,'x')::pair], row(2,'y'), 'happy', '6f1c0d05-5a3c-4a0c-8f0e-3c1f6b0d3c9a');
            insert into "Odd Names" ("Id of it", a, m) values (2, '{1}', '{{1}}');
            update "Odd Names" set n = 1.1, a = '{5}' where "Id of it" = 1;
            """);
        var logged = await host.ScalarAsync<string[]>(
            "select array_agg(replace(l::text, l.xid::text, '') order by l.c3::text, l.c1) "
            + $"from chunkstream_live.log_{watch.Id} l");
        var after = await host.ScalarAsync<string[]>(
            """
            select array_agg(replace((row(''::text, o.*))::text, '("",', '(,') order by n::text, "Id of it")
            from "Odd Names" o
            """);

        Assert.Equal(4, logged.Length);
        Assert.Equal(after, new[] { logged[0], logged[3] });
        Assert.Contains("1.10", logged[2], StringComparison.Ordinal);
        Assert.True((await host.StepAsync(watch, position)).HasChanges);
    }

    [Fact]
    public async Task A_row_of_a_partitioned_table_is_logged_once_through_whichever_table_it_is_written()
    {
        await using var host = await LogHost.CreateAsync(
            postgres,
            """
            create table orders (region int, id int, n int, primary key (region, id)) partition by list (region);
            create table orders_1 partition of orders for values in (1);
            create table orders_2 partition of orders for values in (2, 3) partition by list (region);
            create table orders_2a partition of orders_2 for values in (2);
            create table orders_2b (n int, region int not null, id int not null);
            alter table orders_2 attach partition orders_2b for values in (3);
            create table made (
                region int, id int, code int generated always as (id * 10) stored) partition by list ((region % 2));
            create table made_0 partition of made for values in (0);
            create table made_1 partition of made for values in (1);
            create table base (id int);
            create table child (more int) inherits (base);
            """);
        var watch = await host.WatchAsync("orders", "region", "id");
        var position = await host.StartAsync(watch);

        await FindsAsync("insert into orders values (1, 1, 0), (2, 2, 0), (3, 3, 0)", "1|1", "2|2", "3|3");
        await FindsAsync("insert into orders_2a values (2, 4, 0)", "2|4");
        await FindsAsync("insert into orders_2b values (0, 3, 5)", "3|5");
        await FindsAsync("insert into orders_2 values (3, 6, 0)", "3|6");
        await FindsAsync("update orders set n = 1 where region = 3", "3|3", "3|5", "3|6");
        await FindsAsync("update orders set region = 2 where id = 1", "1|1", "2|1");
        await FindsAsync("update orders_2 set region = 3 where id = 1", "2|1", "3|1");
        await FindsAsync("delete from orders_2b where id = 1", "3|1");

        // Its triggers of statements are told nothing of the rows that such a statement moves.
        await FindsAsync(
            "merge into orders o using (values (3, 5), (3, 6), (2, 4)) v (region, id) on o.id = v.id "
            + "when matched then update set region = case o.id when 4 then 2 else o.region - 1 end",
            "2|4", "2|5", "2|6", "3|5", "3|6");
        await FindsAsync(
            "merge into orders_2 o using (values (5), (6)) v (id) on o.id = v.id "
            + "when matched then update set region = 3",
            "2|5", "2|6", "3|5", "3|6");
        await FindsAsync("delete from orders", "2|2", "2|4", "3|3", "3|5", "3|6");

        // Only those that moved (1, 5 and 6) are there twice.
        Assert.Equal(
            0, await host.ScalarAsync<long>(
                $"select count(*) - count(distinct (xid, c1, c2)) from chunkstream_live.log_{watch.Id} l "
                + $"where not exists (select from chunkstream_live.log_{watch.Id} m "
                + "where m.xid = l.xid and m.c2 in (1, 5, 6))"));

        // What is generated is not known yet when a row moves: all rows are read anew.
        watch = await host.WatchAsync("made", "code");
        position = await host.StartAsync(watch);
        await FindsAsync("insert into made values (1, 1), (2, 2)", "10", "20");
        await FindsAsync("update made set id = 3 where id = 1", "10", "30");
        await host.SqlAsync("merge into made m using (values (2)) v (id) on m.id = v.id "
            + "when matched then update set region = 3, id = 4");
        Assert.Equal(WatchProblem.Many, (await host.StepAsync(watch, position)).Problem);

        watch = await host.WatchAsync("base", "id");
        position = await host.StartAsync(watch);
        await FindsAsync("insert into base values (1); insert into child values (2, 0)", "1", "2");
        await FindsAsync("update base set id = id + 10", "1", "11", "12", "2");
        await FindsAsync("delete from only base; delete from child", "11", "12");

        async Task FindsAsync(string sql, params string[] keys)
            => position = await host.FindsAsync(watch, position, sql, keys);
    }

    [Fact]
    public async Task A_statement_that_changes_very_many_rows_or_large_values_is_one_mark()
    {
        await using var host = await LogHost.CreateAsync(
            postgres, "create table orders (id int, t text); create table other (t text)");
        var watch = await host.WatchAsync("orders", "t");
        var position = await host.StartAsync(watch);

        await host.SqlAsync("insert into orders select i, i from generate_series(1, 10000) i");
        var step = await host.StepAsync(watch, position);
        Assert.Null(step.Problem);
        Assert.Equal(10_000, step.Values.Count);

        foreach (var sql in new[]
        {
            "insert into orders select i, i from generate_series(1, 10001) i",
            "insert into orders values (1, null), (2, repeat('x', 2000))",
            "update orders set t = 'x' where id = 2",
        })
        {
            await host.SqlAsync(sql);
            var many = await host.StepAsync(watch, step.Position);
            Assert.Equal(WatchProblem.Many, many.Problem);
            Assert.DoesNotContain(many.Values, value => value.Length > 1000);
            step = many;
        }
    }

    [Fact]
    public async Task Notices_are_sent_only_while_somebody_listens()
    {
        await using var host = await LogHost.CreateAsync(postgres, "create table orders (id int)");
        var watch = await host.WatchAsync("orders", "id");
        await using var listener = await host.OpenAsync();
        var notices = 0;
        listener.Notification += (_, _) => notices++;
        await listener.SqlAsync(ChangeLogSql.Listen);

        await host.SqlAsync("select setval('chunkstream_live.listening', 1); insert into orders values (1)");
        await listener.SqlAsync("select 1");
        Assert.Equal(0, notices);

        await host.Log.KeepAsync([watch.Id], isListening: true, default).Within();
        await host.SqlAsync("insert into orders values (2)");
        await Bounded.Until(
            async () =>
            {
                await listener.SqlAsync("select 1");
                return notices > 0;
            },
            "a notice came");
        notices = 0;
        await host.SqlAsync(string.Concat(Enumerable.Repeat("insert into orders values (3);", 200)));
        await listener.SqlAsync("select 1");
        Assert.InRange(notices, 0, 100);
    }
}
