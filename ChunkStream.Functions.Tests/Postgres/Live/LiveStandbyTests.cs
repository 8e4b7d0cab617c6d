using System.Net;
using ChunkStream.Functions.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace ChunkStream.Functions.Tests.Postgres.Live;

/// <summary>A server of its own, which is a standby for a time.</summary>
public sealed class LiveStandbyTests : IAsyncLifetime
{
    private readonly RealPostgres _postgres = new();
    private readonly QueryFiles _files = new QueryFiles()
        .With("items", "-- key: id\n-- live\nselect id, note from items")
        .With("others", "-- key: id\n-- live\nselect id from others");

    public Task InitializeAsync() => _postgres.InitializeAsync();

    public async Task DisposeAsync()
    {
        _files.Dispose();
        await _postgres.DisposeAsync();
    }

    [Fact]
    public async Task A_standby_refuses_live_queries_and_once_it_is_promoted_readers_begin_anew()
    {
        await _postgres.ExecuteAsync(
            "create table items (id int primary key, note text); create table others (id int primary key); "
            + "insert into items values (1, 'first'), (2, 'first')");
        await using var api = await PlainApi.StartAsync(
            app => app.MapQueries(),
            services => services.AddChunkStream().AddQueries(),
            settings:
            [
                ("ConnectionStrings:Postgres", _postgres.ConnectionString), _files.Setting,
                ("ChunkStream:ResumeKey", new string('k', 32)),
            ]);
        using var client = new LiveClient(api.Client, "/queries/items");
        await client.OpenAsync();
        await client.UntilUpToDateAsync();
        client.Dispose();

        // A server with this file serves as a standby does: it replays what it gets, and takes no writes.
        var signal = Path.Combine(
            await _postgres.ScalarAsync<string>("select current_setting('data_directory')"), "standby.signal");
        await _postgres.StopAsync();
        await File.WriteAllTextAsync(signal, "");
        await _postgres.StartAgainAsync();
        Assert.True(await _postgres.ScalarAsync<bool>("select pg_is_in_recovery()"));

        // Neither a new reader nor one with a position, nor where the table's changes were never logged.
        await AssertRefusedAsync(() => client.OpenAsync());
        using (var newcomer = new LiveClient(api.Client, "/queries/items"))
            await AssertRefusedAsync(newcomer.OpenAsync);
        using (var other = new LiveClient(api.Client, "/queries/others"))
            await AssertRefusedAsync(other.OpenAsync);
        Assert.Equal(2, (await api.TextAsync("/queries/items?format=ndjson")).Trim().Split('\n').Length);

        await _postgres.ExecuteAsync("select pg_promote()");
        await _postgres.ExecuteAsync("update items set note = 'second' where id = 2");
        await client.OpenAsync();
        await client.UntilUpToDateAsync();
        Assert.Contains("must-refetch", client.Told);
        await _postgres.ExecuteAsync("delete from items where id = 1");
        await client.UntilAsync(it => it.Snapshot is not null && it.Rows.Count == 1);

        Assert.Equal("{\"id\":2,\"note\":\"second\"}", Assert.Single(client.Rows).Value);
    }

    // A connection of the pool from before the restart may be found broken first.
    private static Task AssertRefusedAsync(Func<Task> open)
        => Bounded.Until(
            async () =>
            {
                var refused = await Assert.ThrowsAsync<HttpRequestException>(open);
                Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
                return refused.Message.Contains("is a standby", StringComparison.Ordinal);
            },
            "it is told that the server is a standby");
}
