using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live.Changes;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live.Changes;

/// <summary>Rows that logical replication writes: no trigger of statements sees them.</summary>
[Collection(RealPostgres.Collection)]
public sealed class ReplicatedTests(RealPostgres postgres)
{
    private const string Rows = "select coalesce(json_agg(o order by o.id), '[]')::text from orders o";

    [Theory]
    [InlineData("create table orders (id int primary key, n int)")]
    [InlineData("create table orders (id int primary key, n int) partition by list (id); "
        + "create table orders_1 partition of orders for values in (1); "
        + "create table orders_rest partition of orders default")]
    public async Task What_a_subscription_wrote_that_is_gone_again_is_noticed(string tables)
    {
        await using var host = await LogHost.CreateAsync(postgres, tables);
        var watch = await host.WatchAsync("orders", "id");
        var position = await host.StartAsync(watch);

        // Another database has the same table.
        await host.SqlAsync($"create database {host.Schema}");
        try
        {
            await using var publisher = new NpgsqlConnection(
                $"{postgres.ConnectionString};Database={host.Schema};Pooling=false");
            await publisher.OpenAsync();
            await publisher.SqlAsync(
                $"create schema {host.Schema}; set search_path = {host.Schema}; {tables}; "
                + "create publication orders for table orders with (publish_via_partition_root = true)");

            foreach (var sql in new[]
            {
                "insert into orders values (2, 2)", "update orders set n = 5 where id = 2",
                "delete from orders where id = 2",
            })
            {
                await ReplicateAsync(host, publisher, sql);

                Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, position)).Problem);
                await host.Log.KeepAsync([watch.Id], isListening: false, default);
                position = await host.StartAsync(watch);
            }

            await host.FindsAsync(watch, position, "insert into orders values (2, 2)", "2");
        }
        finally
        {
            await host.SqlAsync($"drop database {host.Schema} with (force)");
        }
    }

    // Runs a statement there, and has a subscription, which is dropped then, bring what it has changed.
    private async Task ReplicateAsync(LogHost host, NpgsqlConnection publisher, string sql)
    {
        var name = "s" + host.Schema;
        await publisher.SqlAsync($"select pg_create_logical_replication_slot('{name}', 'pgoutput')");
        await publisher.SqlAsync(sql);
        await using var select = new NpgsqlCommand(Rows, publisher);
        var rows = (string)(await select.ExecuteScalarAsync())!;

        var server = new NpgsqlConnectionStringBuilder(postgres.ConnectionString);
        await host.SqlAsync(
            $"create subscription {name} connection 'host={server.Host} port={server.Port} user={server.Username} "
            + $"password={server.Password} dbname={host.Schema}' publication orders "
            + $"with (create_slot = false, slot_name = {name}, copy_data = false)");
        await Bounded.Until(
            async () => await host.ScalarAsync<string>(Rows) == rows, "the subscription has brought the change");
        await host.SqlAsync($"alter subscription {name} disable");
        await host.SqlAsync($"alter subscription {name} set (slot_name = none)");
        await host.SqlAsync($"drop subscription {name}");
        await Bounded.Until(
            () => host.ScalarAsync<bool>($"select not active from pg_replication_slots where slot_name = '{name}'"),
            "nobody reads the slot any more");
        await publisher.SqlAsync($"select pg_drop_replication_slot('{name}')");
    }
}
