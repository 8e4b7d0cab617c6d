using System.Diagnostics;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Postgres.Live.Changes;
using Npgsql;

namespace ChunkStream.Functions.Tests.Postgres.Live.Changes;

/// <summary>A server of its own, which crashes.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private readonly RealPostgres _postgres = new();

    public Task InitializeAsync() => _postgres.InitializeAsync();

    public Task DisposeAsync() => _postgres.DisposeAsync();

    [Fact]
    public async Task After_a_crash_no_position_from_before_is_good_because_what_it_shows_may_not_have_happened()
    {
        await using var host = await LogHost.CreateAsync(_postgres, "create table orders (id int primary key)");
        var watch = await host.WatchAsync("orders", "id");
        var first = await host.StartAsync(watch);
        var second = await host.FindsAsync(watch, first, "insert into orders values (1)", "1");

        // One that is killed takes all others with it, and the server recovers from its log.
        var victim = await host.ScalarAsync<int>("select pg_backend_pid()");
        Process.GetProcessById(victim).Kill();
        await Bounded.Until(
            async () =>
            {
                try
                {
                    return await _postgres.ScalarAsync<bool>(
                        $"select pg_sequence_last_value('chunkstream_live.state_{watch.Id}') is null");
                }
                catch (NpgsqlException)
                {
                    return false;
                }
            },
            "the server has recovered");
        host.ForgetConnections();

        await host.SqlAsync("insert into orders values (2)");
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, second)).Problem);
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, null)).Problem);
        Assert.Equal(watch, await host.WatchAsync("orders", "id"));
        Assert.Equal(WatchProblem.Lapsed, (await host.StepAsync(watch, second)).Problem);
        var third = await host.StartAsync(watch);
        await host.FindsAsync(watch, third, "insert into orders values (3)", "3");
    }

    [Fact]
    public async Task After_a_restart_no_position_is_good_because_an_earlier_state_may_have_been_put_back_meanwhile()
    {
        await using var host = await LogHost.CreateAsync(_postgres, "create table orders (id int primary key)");
        var watch = await host.WatchAsync("orders", "id");
        var first = await host.StartAsync(watch);
        await host.FindsAsync(watch, first, "insert into orders values (1)", "1");

        await _postgres.RestartAsync();
        host.ForgetConnections();

        Assert.Equal(WatchProblem.Structure, (await host.StepAsync(watch, first)).Problem);
        Assert.Equal(WatchProblem.Structure, (await host.StepAsync(watch, null)).Problem);
        Assert.Equal(watch, await host.WatchAsync("orders", "id"));
        Assert.NotNull((await host.StepAsync(watch, first)).Problem);
        var second = await host.StartAsync(watch);
        await host.FindsAsync(watch, second, "insert into orders values (2)", "2");
    }
}
