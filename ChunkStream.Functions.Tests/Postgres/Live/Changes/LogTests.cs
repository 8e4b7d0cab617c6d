using System.Globalization;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Live.Changes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live.Changes;

/// <summary>What a change log knows, and that it says so where it doesn't.</summary>
[Collection(RealPostgres.Collection)]
public sealed class LogTests(RealPostgres postgres)
{
    private const string Table = "create table orders (id int primary key, n int); insert into orders values (0, 0)";

    [Fact]
    public async Task A_transaction_is_found_when_it_commits_however_old_it_is()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        var watch = await host.WatchAsync("orders", "id");
        var position = await host.StartAsync(watch);
        await using var old = await host.OpenAsync();
        await old.SqlAsync("begin; insert into orders values (1); savepoint a; insert into orders values (2)");
        await using var older = await host.OpenAsync();
        await older.SqlAsync("begin isolation level repeatable read; insert into orders values (4)");

        // The others' changes come, and are not found again.
        position = await host.FindsAsync(watch, position, "insert into orders values (3)", "3");
        await host.RotateAsync(watch);
        position = await host.FindsAsync(watch, position, "select 1");
        await host.RotateAsync(watch);
        position = await host.FindsAsync(watch, position, "insert into orders values (5)", "5");

        // It writes to a slot that is not the one it began with.
        await older.SqlAsync("insert into orders values (6); commit");
        position = await host.FindsAsync(watch, position, "select 1", "4", "6");
        await old.SqlAsync("rollback to a; insert into orders values (7); commit");
        position = await host.FindsAsync(watch, position, "select 1", "1", "7");
        await host.FindsAsync(watch, position, "select 1");
    }

    [Fact]
    public async Task What_was_removed_is_known_to_be_missing_and_nothing_else_is()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        var watch = await host.WatchAsync("orders", "id");
        await using var other = await host.OpenAsync();
        await other.SqlAsync("begin; select pg_current_xact_id()");
        await using var writer = await host.OpenAsync();
        await writer.SqlAsync("begin; insert into orders values (1)");
        var first = await host.StartAsync(watch);
        await writer.SqlAsync("commit");
        var second = (await host.StepAsync(watch, first)).Position;
        await host.SqlAsync("insert into orders values (2)");
        var third = (await host.StepAsync(watch, second)).Position;

        Assert.Equal("rotated", await host.RotateAsync(watch));
        Assert.Equal("rotated", await host.RotateAsync(watch));
        Assert.Equal(["1", "2"], (await host.StepAsync(watch, first)).Values);
        Assert.Equal("rotated", await host.RotateAsync(watch));

        // The first lacks a transaction that it shows as running, and the second one that began later. To both another
        // transaction is running that is older than what was removed, and is not over.
        Assert.Equal(WatchProblem.Cut, (await host.StepAsync(watch, first)).Problem);
        Assert.Equal(WatchProblem.Cut, (await host.StepAsync(watch, second)).Problem);
        Assert.Null((await host.StepAsync(watch, third)).Problem);
        await other.SqlAsync("insert into orders values (3); commit");
        Assert.Equal(["3"], (await host.StepAsync(watch, third)).Values);
    }

    [Fact]
    public async Task A_slot_is_not_emptied_under_a_reader_or_a_writer()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        var watch = await host.WatchAsync("orders", "id");
        var position = await host.StartAsync(watch);
        await using var writer = await host.OpenAsync();
        await writer.SqlAsync("begin; insert into orders values (1)");
        await host.SqlAsync("insert into orders values (2)");
        await host.RotateAsync(watch);
        await host.RotateAsync(watch);

        Assert.Equal("held", await host.RotateAsync(watch));
        await writer.SqlAsync("commit");

        // Nobody empties the slot between the lock and the last statement.
        await using var reader = await host.OpenAsync();
        await reader.SqlAsync("begin isolation level repeatable read; " + ChangeLogSql.Lock([watch.Id]));
        Assert.Equal("held", await host.RotateAsync(watch));
        await host.SqlAsync("insert into orders values (3)");
        Assert.Equal(["1", "2", "3"], (await reader.StepAsync(watch, position)).Values);
        await reader.SqlAsync("commit");

        // A log that can't be emptied ends when it is four times as large as it should be.
        await writer.SqlAsync("begin; insert into orders values (4)");
        await host.RotateAsync(watch);
        await host.RotateAsync(watch);
        await host.RotateAsync(watch);
        Assert.Equal(
            "stopped", await host.ScalarAsync<string>($"select chunkstream_live.rotate({watch.Id}, 0, 1)"));
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, position)).Problem);
        await writer.SqlAsync("commit");
        await host.WatchAsync("orders", "id");
        await host.StartAsync(watch);
    }

    [Fact]
    public async Task A_writer_that_the_triggers_skipped_ends_the_generation_however_old_its_snapshot_is()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        var watch = await host.WatchAsync("orders", "id");
        var position = await host.StartAsync(watch);

        // A lease that ends while nobody writes costs nothing.
        await host.LapseAsync(watch);
        Assert.Null((await host.StepAsync(watch, position)).Problem);
        await host.Log.KeepAsync([watch.Id], isListening: false, default);
        position = await host.FindsAsync(watch, position, "insert into orders values (1)", "1");

        // This one's snapshot is of a time before the lease ended.
        await using var old = await host.OpenAsync();
        await old.SqlAsync("begin isolation level repeatable read; select 1 from orders");
        await host.LapseAsync(watch);
        await old.SqlAsync("insert into orders values (2)");
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, position)).Problem);

        // A generation begins, for which that one is not finished. It may go on: from now on it is logged.
        await host.WatchAsync("orders", "id");
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, position)).Problem);
        Assert.Equal(WatchProblem.Starting, (await host.StepAsync(watch, null)).Problem);
        await old.SqlAsync("savepoint a; insert into orders values (3); commit");
        position = await host.StartAsync(watch);
        await host.FindsAsync(watch, position, "insert into orders values (4)", "4");
    }

    [Fact]
    public async Task A_start_waits_for_writers_that_may_have_been_skipped_and_for_nobody_else()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table + "; create table other (id int)");
        await using var other = await host.OpenAsync();
        await other.SqlAsync("begin; insert into other values (1)");
        var watch = await host.WatchAsync("orders", "id");

        // Open for hours, but it has not written to the table.
        var position = await host.StartAsync(watch);
        await host.LapseAsync(watch);
        await host.SqlAsync("insert into orders values (1)");
        await host.WatchAsync("orders", "id");
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, position)).Problem);
        position = (await host.StepAsync(watch, null)).Position;
        Assert.Null((await host.StepAsync(watch, position)).Problem);
        await other.SqlAsync("insert into orders values (2); commit");
        await host.FindsAsync(watch, position, "select 1", "2");
    }

    [Theory]
    [InlineData("truncate orders")]
    [InlineData("truncate parents cascade")]
    [InlineData("begin; alter table orders disable trigger chunkstream_live_#_update; update orders set n = 1; "
        + "alter table orders enable always trigger chunkstream_live_#_update; commit")]
    [InlineData("alter table orders disable trigger user; update orders set n = 1; "
        + "alter table orders enable trigger user")]
    [InlineData("alter table orders add column x int default 5")]
    [InlineData("alter table orders rename column n to m")]
    [InlineData("alter table orders alter column n type int using n + 1")]
    [InlineData("alter table orders drop column n")]
    [InlineData("alter table orders enable row level security")]
    [InlineData("create policy p on orders using (true)")]
    [InlineData("create table child () inherits (orders)")]
    [InlineData("drop trigger chunkstream_live_#_update on orders; update orders set n = 1")]
    [InlineData("alter table orders set unlogged; alter table orders set logged")]
    public async Task A_table_that_was_altered_is_read_anew_and_then_watched_again(string sql)
    {
        await using var host = await LogHost.CreateAsync(
            postgres,
            "create table parents (id int primary key); create table orders (id int primary key, n int, "
            + "parent_id int references parents); insert into orders values (1, 1)");
        var watch = await host.WatchAsync("orders", "id");
        var position = await host.StartAsync(watch);
        await host.SqlAsync(sql.Replace("#", $"{watch.Id}", StringComparison.Ordinal));
        Assert.Equal(WatchProblem.Structure, (await host.StepAsync(watch, position)).Problem);
        Assert.Equal(WatchProblem.Structure, (await host.StepAsync(watch, null)).Problem);

        watch = await host.WatchAsync("orders", "id");
        Assert.NotNull((await host.StepAsync(watch, position)).Problem);
        position = await host.StartAsync(watch);
        await host.FindsAsync(
            watch, position, "insert into orders (id) values (9); update orders set id = 8 where id = 9", "8", "9");
    }

    [Theory]
    [InlineData("create table orders_3 partition of orders for values in (3)")]
    [InlineData("create table x (id int); insert into x values (3); "
        + "alter table orders attach partition x for values in (3)")]
    [InlineData("alter table orders detach partition orders_2")]
    [InlineData("alter table orders detach partition orders_2 concurrently")]
    [InlineData("truncate orders_2")]
    [InlineData("alter table orders_2 disable trigger user")]
    public async Task Partitions_that_come_and_go_are_seen(string sql)
    {
        await using var host = await LogHost.CreateAsync(
            postgres,
            "create table orders (id int) partition by list (id); "
            + "create table orders_2 partition of orders for values in (1, 2); insert into orders values (1)");
        var watch = await host.WatchAsync("orders", "id");
        var position = await host.StartAsync(watch);

        await host.SqlAsync(sql);
        Assert.Equal(WatchProblem.Structure, (await host.StepAsync(watch, position)).Problem);

        watch = await host.WatchAsync("orders", "id");
        position = await host.StartAsync(watch);
        if (await host.ScalarAsync<bool>("select to_regclass('orders_3') is not null"))
            await host.FindsAsync(watch, position, "insert into orders_3 values (3)", "3");
    }

    [Fact]
    public async Task Writers_never_fail_because_of_a_watch()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        var watch = await host.WatchAsync("orders", "id");
        var position = await host.StartAsync(watch);

        await host.SqlAsync("alter table orders rename column id to number; insert into orders values (1)");
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, position)).Problem);
        await host.SqlAsync(
            "alter table orders rename column number to id; alter table orders alter column id type text; "
            + "insert into orders values ('a')");
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, position)).Problem);

        // The log is made anew for the other type, under another number.
        var next = await host.WatchAsync("orders", "id");
        Assert.NotEqual(watch.Id, next.Id);
        Assert.Equal(0, await host.ScalarAsync<long>(
            $"select count(*) from pg_class where relname ~ '^(log|state|skipped)_{watch.Id}(_|$)'"));
        position = await host.StartAsync(next);
        await host.FindsAsync(next, position, "insert into orders values ('b')", "b");
        await host.SqlAsync("drop table orders");
        Assert.Equal(WatchProblem.Structure, (await host.StepAsync(next, position)).Problem);
        Assert.Equal([next.Id], await host.Log.KeepAsync([next.Id], isListening: false, default));
    }

    [Fact]
    public async Task Types_may_be_renamed_altered_and_dropped_and_no_writer_fails()
    {
        await using var host = await LogHost.CreateAsync(
            postgres,
            """
            drop schema if exists other_of_types cascade;
            create type mood as enum ('sad', 'happy');
            create domain mark as numeric;
            create schema other_of_types;
            create table orders (id int primary key, mood mood, mark mark);
            """);
        var mood = await host.WatchAsync("orders", "mood");
        var mark = await host.WatchAsync("orders", "mark");
        var (since, other) = (await host.StartAsync(mood), await host.StartAsync(mark));

        // Each connection is a new one, which knows the triggers' functions as they are now.
        foreach (var sql in new[]
        {
            "alter type mood rename to temper", "alter type temper set schema other_of_types",
            "alter domain mark add constraint positive check (value > 0)", "alter domain mark rename to points",
        })
        {
            await host.SqlAsync(sql);
            host.ForgetConnections();
            since = await host.FindsAsync(mood, since, "insert into orders values (1, 'sad', 1.50)", "sad");
            await host.SqlAsync("delete from orders");
            var step = await host.StepAsync(mark, other);
            Assert.Equal(["1.50"], step.Values);
            (since, other) = ((await host.StepAsync(mood, since)).Position, step.Position);
        }

        // A label is in rows that nobody writes.
        await host.SqlAsync("alter type other_of_types.temper rename value 'sad' to 'low'");
        Assert.Equal(WatchProblem.Structure, (await host.StepAsync(mood, since)).Problem);
        await host.SqlAsync("drop type other_of_types.temper cascade; drop domain points cascade");
        host.ForgetConnections();
        await host.SqlAsync("insert into orders values (2); update orders set id = 3; delete from orders");
        var last = await host.WatchAsync("orders", "id");
        since = await host.StartAsync(last);
        await host.FindsAsync(last, since, "insert into orders values (4)", "4");
        await host.SqlAsync("drop schema other_of_types");
    }

    [Fact]
    public async Task Nobody_waits_long_behind_the_call_that_takes_all_away()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        await host.WatchAsync("orders", "id");
        await using var reader = await host.OpenAsync();
        await reader.SqlAsync("begin; select 1 from orders");

        var told = await Assert.ThrowsAsync<PostgresException>(
            () => host.SqlAsync("select chunkstream_live.remove()"));

        Assert.Equal(PostgresErrorCodes.LockNotAvailable, told.SqlState);
        await reader.SqlAsync("commit");
        await host.SqlAsync("select chunkstream_live.remove()");
    }

    [Fact]
    public async Task No_writer_of_several_tables_fails_because_all_is_taken_away()
    {
        await using var host = await LogHost.CreateAsync(
            postgres,
            "create table one (id int primary key); create table two (id int primary key); "
            + "create table three (id int primary key)");
        foreach (var table in (string[])["one", "two", "three"])
            await host.WatchAsync(table, "id");
        await using var other = await host.OpenAsync();
        await other.SqlAsync("begin; insert into two values (1)");
        await using var writer = await host.OpenAsync();
        await writer.SqlAsync("begin; insert into three values (1)");

        // It has the first table, and waits for the second one. When it comes to the third one, it waits for the
        // writer, and the writer waits for the first one.
        var removing = host.SqlAsync("set lock_timeout = '30s'; select chunkstream_live.remove()");
        await Bounded.Until(() => IsWaitedForAsync("two"), "it waits for the second table");
        var writing = writer.SqlAsync("insert into one values (1); commit");
        await Bounded.Until(
            async () => writing.IsCompleted || await IsWaitedForAsync("one"),
            "the writer waits for the first table");
        await other.SqlAsync("commit");

        await writing;
        await removing;
        Assert.Equal(3, await host.ScalarAsync<long>(
            "select (select count(*) from one) + (select count(*) from two) + (select count(*) from three)"));

        Task<bool> IsWaitedForAsync(string table) => host.ScalarAsync<bool>(
            $"select exists (select from pg_locks where relation = '{table}'::regclass and not granted)");
    }

    [Fact]
    public async Task A_position_of_a_copy_or_of_a_state_to_come_is_none()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        var watch = await host.WatchAsync("orders", "id");
        var parts = (await host.StartAsync(watch)).Split(':');
        var later = ulong.Parse(parts[1], CultureInfo.InvariantCulture) + 100;
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, $"{parts[0]}:{later}:")).Problem);

        // All numbers and names are the same there.
        var (original, copy) = (host.Schema, "copy_of_" + host.Schema);
        await postgres.ExecuteAsync($"create database {original}");
        try
        {
            await RunAsync(original, "create table orders (id int)");
            await RunAsync(original, ChangeLogSchema.Script);
            Assert.True(await RunAsync(
                original, "select chunkstream_live.install('orders'::regclass, array['id'], 60) is not null"));
            const string IsSame =
                "select chunkstream_live.structure(w.id, w.relation) = w.structure from chunkstream_live.watch w";
            Assert.True(await RunAsync(original, IsSame));
            await postgres.ExecuteAsync($"create database {copy} template {original}");
            Assert.False(await RunAsync(copy, IsSame));
        }
        finally
        {
            await postgres.ExecuteAsync($"drop database if exists {copy}");
            await postgres.ExecuteAsync($"drop database {original}");
        }

        async Task<bool?> RunAsync(string database, string sql)
        {
            var settings = new NpgsqlConnectionStringBuilder(postgres.ConnectionString)
            {
                Database = database,
                Pooling = false,
            };
            await using var connection = new NpgsqlConnection(settings.ConnectionString);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            return (await command.ExecuteScalarAsync().Within()) as bool?;
        }
    }

    [Fact]
    public async Task A_log_is_kept_whatever_the_default_isolation_of_transactions_is()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        await using var database = new PostgresDatabase(
            ConfiguredConnection.Create(
                postgres.ConnectionString + ";Options=-c default_transaction_isolation=serializable"),
            new PostgresOptions(), TimeProvider.System, NullLoggerFactory.Instance);
        var log = new ChangeLog(database.OpenAsync, ChangeLogLimits.Default, TimeProvider.System);
        var table = await host.ScalarAsync<uint>("select 'orders'::regclass::oid");

        var watch = Assert.Single(await log.EnsureAsync([(table, ["id"])], default).Within());
        Assert.Empty(await log.KeepAsync([watch.Id], isListening: true, default).Within());
        var position = await host.StartAsync(watch);

        await host.FindsAsync(
            watch, position, "begin isolation level serializable; insert into orders values (1); commit", "1");
    }

    [Fact]
    public async Task All_of_it_is_taken_away_by_one_call_and_may_come_again()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        var watch = await host.WatchAsync("orders", "id");
        var position = await host.StartAsync(watch);
        await host.SqlAsync("select chunkstream_live.remove()");
        Assert.Equal(0, await host.ScalarAsync<long>(
            "select count(*) from pg_trigger where tgname like 'chunkstream%'"));
        await host.SqlAsync("insert into orders values (1)");

        // Several instances install at once, and none takes the new watch for the old one.
        var again = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => Task.Run(() => host.WatchAsync("orders", "id")))).Within();
        Assert.NotEqual(watch, Assert.Single(again.Distinct()));
        watch = again[0];
        Assert.NotNull((await host.StepAsync(watch, position)).Problem);
        position = await host.StartAsync(watch);
        await host.FindsAsync(watch, position, "insert into orders values (2)", "2");
    }

    [Fact]
    public async Task A_reader_gets_its_turn_although_others_keep_the_log_all_the_time()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        var watch = await host.WatchAsync("orders", "id");
        using var over = new CancellationTokenSource();
        var holders = Enumerable.Range(0, 2).Select(_ => Task.Run(HoldAsync)).ToArray();
        try
        {
            await Bounded.Until(
                () => host.ScalarAsync<bool>(
                    "select exists (select from pg_locks where locktype = 'advisory' "
                    + $"and classid = 1667788140 and objid = {watch.Id} and not granted)"),
                "one waits for the other");
            Assert.Equal(watch, await host.WatchAsync("orders", "id"));
        }
        finally
        {
            await over.CancelAsync();
            await Task.WhenAll(holders).Within();
        }

        async Task HoldAsync()
        {
            await using var connection = await host.OpenAsync();
            while (!over.IsCancellationRequested)
            {
                await connection.SqlAsync(
                    $"begin; select pg_advisory_xact_lock(1667788140, {watch.Id}); select pg_sleep(0.05); commit");
            }
        }
    }

    [Fact]
    public async Task A_newer_version_takes_the_place_of_an_older_one_and_no_writer_waits_for_that()
    {
        await using var host = await LogHost.CreateAsync(postgres, Table);
        var watch = await host.WatchAsync("orders", "id");
        await host.SqlAsync("update chunkstream_live.version set version = 1");
        await using var writer = await host.OpenAsync();
        await using var transaction = await writer.BeginTransactionAsync();
        await writer.SqlAsync("insert into orders values (1)");

        var replacing = host.WatchAsync("orders", "id");
        await Bounded.Until(
            () => host.ScalarAsync<bool>(
                "select exists (select from pg_locks where relation = 'orders'::regclass and not granted)"),
            "it waits for the open transaction");
        await host.SqlAsync("insert into orders values (2)");
        Assert.False(replacing.IsCompleted);
        await transaction.CommitAsync();

        watch = await replacing.Within();
        var position = await host.StartAsync(watch);
        await host.FindsAsync(watch, position, "insert into orders values (3)", "3");
    }
}
