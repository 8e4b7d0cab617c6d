using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres;
using ChunkStream.Postgres.Connections;
using ChunkStream.Postgres.Live.Changes;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live.Changes;

/// <summary>Which tables can't be watched, and by whom.</summary>
[Collection(RealPostgres.Collection)]
public sealed class RefusalTests(RealPostgres postgres)
{
    [Theory]
    [InlineData("create view t as select 1 as id", "t is a view")]
    [InlineData("create materialized view t as select 1 as id", "t is a materialized view")]
    [InlineData("create unlogged table t (id int)", "t is unlogged")]
    [InlineData("create table t (id int) partition by list (id); "
        + "create unlogged table p partition of t for values in (1)", "p, a part of")]
    [InlineData("create table t (x int)", "has no column \"id\" that is stored")]
    [InlineData("create table base (id int); create table t () inherits (base)", "fires only the triggers there")]
    [InlineData("create table base (id int) partition by list (id); "
        + "create table t partition of base for values in (1)", "Have the query follow")]
    public async Task A_table_whose_changes_no_trigger_sees_is_refused(string sql, string reason)
    {
        await using var host = await LogHost.CreateAsync(postgres, sql);

        var refusal = await Assert.ThrowsAsync<WatchRefusedException>(() => host.WatchAsync("t", "id"));

        Assert.Contains(reason, refusal.Message, StringComparison.Ordinal);
        Assert.Null(refusal.Script);
    }

    [Fact]
    public async Task An_app_that_does_not_own_a_table_gets_the_script_for_the_owner()
    {
        await using var host = await LogHost.CreateAsync(postgres, "create table orders (id int)");
        await host.WatchAsync("orders", "id");
        await host.SqlAsync("select chunkstream_live.remove()");
        var role = "App of " + host.Schema;
        await host.SqlAsync(
            $"create role \"{role}\" login password 'x'; grant usage on schema {host.Schema} to \"{role}\"; "
            + "alter default privileges revoke execute on functions from public");
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(postgres.ConnectionString)
            {
                Username = role,
                Password = "x",
                Pooling = false,
            };
            await using var database = new PostgresDatabase(
                ConfiguredConnection.Create(settings.ConnectionString), new PostgresOptions(), TimeProvider.System,
                NullLoggerFactory.Instance);
            var log = new ChangeLog(database.OpenAsync, ChangeLogLimits.Default, TimeProvider.System);
            var table = await host.ScalarAsync<uint>("select 'orders'::regclass::oid");
            Task<IReadOnlyList<Watch>> EnsureAsync() => log.EnsureAsync([(table, ["id"])], default);

            var refusal = await Assert.ThrowsAsync<WatchRefusedException>(EnsureAsync);

            // The operator takes it out of the log. Application Insights cuts a message after 32,768 characters.
            Assert.InRange(refusal.Script!.Length, 1, 32_000);
            await host.SqlAsync(refusal.Script);
            var watch = Assert.Single(await EnsureAsync());

            // The role reads the log, keeps it, and may not write to it, nor read the table.
            await using var connection = new NpgsqlConnection(settings.ConnectionString);
            await connection.OpenAsync();
            await connection.SqlAsync("begin isolation level repeatable read");
            var start = await connection.StepAsync(watch, null);
            Assert.Null(start.Problem);
            await connection.SqlAsync("commit");
            await host.SqlAsync("insert into orders values (1)");
            await connection.SqlAsync("begin isolation level repeatable read");
            Assert.Equal(["1"], (await connection.StepAsync(watch, start.Position)).Values);
            await connection.SqlAsync("commit");
            Assert.Empty(await log.KeepAsync([watch.Id], isListening: true, default));
            var denied = await Assert.ThrowsAsync<PostgresException>(
                () => connection.SqlAsync($"delete from chunkstream_live.log_{watch.Id}_0"));
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, denied.SqlState);
        }
        finally
        {
            // One by one, so that what others depend on is undone whatever has failed.
            await host.SqlAsync("alter default privileges grant execute on functions to public");
            await host.SqlAsync($"drop owned by \"{role}\" cascade; drop role \"{role}\"");
            await host.SqlAsync("drop schema if exists chunkstream_live cascade");
        }
    }
}
