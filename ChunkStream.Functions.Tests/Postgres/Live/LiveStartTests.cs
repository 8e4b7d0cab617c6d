using System.Data;
using ChunkStream.Functions.Tests.Postgres.Live.Changes;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live;
using ChunkStream.Postgres.Live.Changes;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>A start that reads its rows in several snapshots.</summary>
[Collection(RealPostgres.Collection)]
public sealed class LiveStartTests(RealPostgres postgres)
{
    // If it only waited, it would tell the rows a second time, to a client that still has those which have gone.
    [Fact]
    public async Task Where_the_log_has_begun_anew_meanwhile_the_rows_come_anew_although_it_is_not_ready_yet()
    {
        await using var host = await LogHost.CreateAsync(postgres, "create table orders (id int primary key)");
        var watch = await host.WatchAsync("orders", "id");
        await host.StartAsync(watch);
        var start = new LiveStart([watch.Id], first: null);
        await TakeAsync();

        await using var writer = await host.OpenAsync();
        await writer.SqlAsync("begin; insert into orders values (1)");
        await host.LapseAsync(watch);
        await host.SqlAsync("insert into orders values (2)");
        await host.Log.KeepAsync([watch.Id], isListening: false, default);
        Assert.Equal(WatchProblem.Starting, (await host.StepAsync(watch, null)).Problem);

        await Assert.ThrowsAsync<MustRefetchException>(TakeAsync);
        await writer.SqlAsync("commit");

        Task TakeAsync() => LiveStartTests.TakeAsync(host, start);
    }

    // As above, with another log that has a gap and has not begun anew yet: logs do so one after another.
    [Fact]
    public async Task Where_one_of_two_logs_has_begun_anew_the_rows_come_anew_whatever_the_other_says()
    {
        await using var host = await LogHost.CreateAsync(
            postgres, "create table orders (id int primary key); create table items (id int primary key)");
        var (orders, items) = (await host.WatchAsync("orders", "id"), await host.WatchAsync("items", "id"));
        await host.StartAsync(orders);
        await host.StartAsync(items);
        var start = new LiveStart([orders.Id, items.Id], first: null);
        await TakeAsync(host, start);

        await using var writer = await host.OpenAsync();
        await writer.SqlAsync("begin; insert into orders values (1)");
        await host.LapseAsync(orders);
        await host.LapseAsync(items);
        await host.SqlAsync("insert into orders values (2); insert into items values (2)");
        await host.Log.KeepAsync([orders.Id], isListening: false, default);
        Assert.Equal(WatchProblem.Starting, (await host.StepAsync(orders, null)).Problem);
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(items, null)).Problem);

        await Assert.ThrowsAsync<MustRefetchException>(() => TakeAsync(host, start));
        await writer.SqlAsync("commit");
    }

    private static async Task TakeAsync(LogHost host, LiveStart start)
    {
        await using var connection = await host.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead);
        await start.TakeAsync(connection);
    }
}
