using ChunkStream.Functions.Tests.Support;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live.Changes;

/// <summary>Which writes the change log has.</summary>
[Collection(RealPostgres.Collection)]
public sealed class WritesTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly WatchedTable _table = new(postgres);
    private readonly string _schema = "t" + Guid.NewGuid().ToString("N");

    public Task InitializeAsync() => postgres.ExecuteAsync($"create schema {_schema}");

    public Task DisposeAsync() => postgres.ExecuteAsync($"drop schema {_schema} cascade");

    [Fact]
    public async Task Keys_before_and_after_each_write_are_logged()
    {
        await SqlAsync("create table orders (id int primary key, n int)");
        var watch = await _table.WatchAsync($"{_schema}.orders", "id");
        var position = await _table.StartAsync(watch);

        await FindsAsync("insert into orders values (1, 1), (2, 2), (3, 3)", "1", "2", "3");
        await FindsAsync("update orders set n = 5 where id = 2", "2");
        await FindsAsync("update orders set id = 4 where id = 3", "3", "4");
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
        await FindsAsync("insert into orders select 11, 11", "11");
        await FindsAsync(
            "with d as (delete from orders where id = 11 returning id) insert into orders select id + 1, 0 from d",
            "11", "12");

        async Task FindsAsync(string sql, params string[] keys)
        {
            await SqlAsync(sql);
            var step = await _table.StepAsync(position, watch).Within();
            Assert.Null(step.Problem);
            Assert.Equal(keys, step.Values);
            Assert.Equal(keys.Length > 0, step.HasChanges);
            position = step.Position;
        }
    }

    private async Task SqlAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(
            postgres.ConnectionString + $";Search Path={_schema};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
