using System.Collections.Concurrent;
using System.Text;
using ChunkStream.DurableStreams.Store;
using ChunkStream.Functions.Tests.Support;
using ChunkStream.Problems;
using Npgsql;
using static ChunkStream.Functions.Tests.DurableStreams.StoreHost;

namespace ChunkStream.Functions.Tests.DurableStreams;

[Collection(RealPostgres.StreamsAndClients)]
public sealed class AppendQueueTests(RealPostgres postgres) : IAsyncLifetime
{
    private readonly StoreHost _host = StoreHost.Start(postgres.ConnectionString);

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _host.DisposeAsync().AsTask();

    [Fact]
    public async Task Appends_that_come_together_each_have_their_own_outcome()
    {
        var path = NewPath();
        await _host.CreateAsync(path);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 300).Select(n => (n % 10) switch
        {
            7 => Outcome(_host.AppendAsync(path, "{}", contentType: Json)),
            8 => Outcome(_host.AppendAsync(path, "x", producer: new ProducerPosition($"p{n}", 0, 5))),
            // Postgres refuses a zero byte in text.
            9 => Outcome(_host.AppendAsync(path, "x", producer: new ProducerPosition($"p{n}\0", 0, 0))),
            _ => Outcome(_host.AppendAsync(path, "x")),
        })).Within();

        for (var n = 0; n < outcomes.Length; n++)
        {
            var expected = (n % 10) switch
            {
                7 => nameof(AppendStatus.ContentTypeDiffers),
                8 => nameof(AppendStatus.SequenceGap),
                9 => "22021",
                _ => nameof(AppendStatus.Appended),
            };
            Assert.Equal(expected, outcomes[n]);
        }

        Assert.Equal(new string('x', 210), await _host.ReadAllAsync(path));
    }

    [Fact]
    public async Task Who_leaves_and_comes_again_has_written_once()
    {
        var path = NewPath();
        await _host.CreateAsync(path);
        var written = new ConcurrentBag<string>();

        await Task.WhenAll(Enumerable.Range(0, 16).Select(async number =>
        {
            var chance = new Random(number);
            for (var n = 0; n < 30; n++)
            {
                var text = $"{number}-{n};";
                var append = new AppendToStream(
                    path, Plain, [Encoding.UTF8.GetBytes(text)], false, null, new ProducerPosition($"{number}", 0, n));
                while (true)
                {
                    using var patience = new CancellationTokenSource(
                        chance.Next(2) == 0 ? TimeSpan.FromMilliseconds(chance.Next(3)) : Timeout.InfiniteTimeSpan);
                    try
                    {
                        var result = await _host.Appends.AppendAsync(append, patience.Token).Within();
                        Assert.True(result.Status is AppendStatus.Appended or AppendStatus.Duplicate);
                        break;
                    }
                    catch (OperationCanceledException)
                    {
                    }
                }

                written.Add(text);
            }
        })).Within();

        var all = (await _host.ReadAllAsync(path))
            .Split(';', StringSplitOptions.RemoveEmptyEntries).Select(text => text + ";").ToArray();
        Assert.Equal(written.Order(), all.Order());
        for (var number = 0; number < 16; number++)
            Assert.Equal(
                Enumerable.Range(0, 30).Select(n => $"{number}-{n};"),
                all.Where(text => text.StartsWith($"{number}-", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_may_not_wait_any_more_is_refused_and_what_waits_is_stored()
    {
        await using var api = await LocalApi.StartAsync(postgres.ConnectionString, settings: OneMebibyte);
        var (blocked, free) = (await api.CreateAsync(Plain), await api.CreateAsync(Plain));
        Task<HttpResponseMessage> first, second;
        await using (await BlockAsync(blocked))
        {
            // One stream may use a quarter of the bytes that may wait.
            first = api.PostAsync(blocked, Plain, new string('1', 100 * 1024));
            await UntilBlockedAsync(1);
            second = api.PostAsync(blocked, Plain, new string('2', 140 * 1024));
            using (var refused = await api.PostAsync(blocked, Plain, new string('3', 200 * 1024)))
            {
                Assert.Equal("urn:chunkstream:too-many-appends", (string?)(await refused.ProblemAsync())["type"]);
                Assert.Equal("2", refused.Header("Retry-After"));
            }

            Assert.Equal(DurableCalls.Offset(4), await api.AppendAsync(free, Plain, "free"));
        }

        Assert.Equal(204, (int)(await first).StatusCode);
        Assert.Equal(204, (int)(await second).StatusCode);
        await api.AppendAsync(blocked, Plain, new string('3', 200 * 1024));
        Assert.Equal(
            new string('1', 100 * 1024) + new string('2', 140 * 1024) + new string('3', 200 * 1024),
            await api.TextAsync(blocked));
    }

    [Fact]
    public async Task All_streams_together_may_not_make_more_wait_than_there_is_room_for()
    {
        await using var host = StoreHost.Start(postgres.ConnectionString, OneMebibyte);
        var paths = Enumerable.Range(0, 6).Select(_ => NewPath()).ToArray();
        foreach (var path in paths)
            await host.CreateAsync(path);
        var text = new string('x', 200 * 1024);
        var blocks = await Task.WhenAll(paths[..5].Select(BlockAsync));
        var appends = paths[..5].Select(path => host.AppendAsync(path, text)).ToArray();
        await UntilBlockedAsync(5);

        await RefusedAsync(host, paths[5], text);

        foreach (var block in blocks)
            await block.DisposeAsync();
        Assert.All(await Task.WhenAll(appends), result => Assert.Equal(AppendStatus.Appended, result.Status));
        Assert.Equal(AppendStatus.Appended, (await host.AppendAsync(paths[5], text)).Status);
    }

    [Fact]
    public async Task Who_leaves_while_it_waits_makes_room_and_has_not_written()
    {
        await using var host = StoreHost.Start(postgres.ConnectionString, OneMebibyte);
        var path = NewPath();
        await host.CreateAsync(path);
        using var patience = new CancellationTokenSource();
        Task<AppendResult> first, third;
        await using (await BlockAsync(path))
        {
            first = host.AppendAsync(path, "1");
            await UntilBlockedAsync(1);
            var second = host.Appends.AppendAsync(
                new AppendToStream(path, Plain, [new byte[200 * 1024]], false, null, null), patience.Token);
            await RefusedAsync(host, path, new string('3', 100 * 1024));

            await patience.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.Within());
            third = host.AppendAsync(path, new string('3', 100 * 1024));
        }

        Assert.Equal(1, (await first).Tail);
        Assert.Equal(1 + (100 * 1024), (await third).Tail);
        Assert.Equal("1" + new string('3', 100 * 1024), await host.ReadAllAsync(path));
    }

    [Fact]
    public async Task An_append_that_waits_for_none_is_taken_however_large_it_is()
    {
        await using var host = StoreHost.Start(postgres.ConnectionString, OneMebibyte);
        var path = NewPath();
        await host.CreateAsync(path);

        for (var n = 1; n <= 20; n++)
            Assert.Equal(n * 2L * 1024 * 1024, (await host.AppendAsync(path, new string('x', 2 * 1024 * 1024))).Tail);
    }

    private static (string, string)[] OneMebibyte => [("ChunkStream:Streams:MaxWaitingBytes", "1048576")];

    private static async Task RefusedAsync(StoreHost host, string path, string text)
        => Assert.Equal(
            "urn:chunkstream:too-many-appends",
            (await Assert.ThrowsAsync<ProblemException>(() => host.AppendAsync(path, text))).Problem.Type);

    /// <summary>Holds a stream's lock until it is disposed of.</summary>
    private async Task<NpgsqlConnection> BlockAsync(string path)
    {
        var connection = new NpgsqlConnection(postgres.ConnectionString + ";Pooling=false");
        await connection.OpenAsync().Within();
        await using var command = new NpgsqlCommand(
            "begin; select from chunkstream.streams where path = @path for update", connection);
        command.Parameters.AddWithValue("path", path);
        await command.ExecuteNonQueryAsync().Within();
        return connection;
    }

    private Task UntilBlockedAsync(int appends) => Bounded.Until(
        async () => await postgres.ScalarAsync<long>(
            "select count(*) from pg_stat_activity "
            + "where application_name = 'ChunkStream streams' and wait_event_type = 'Lock'") == appends,
        "the appends wait for the lock");

    private static async Task<string> Outcome(Task<AppendResult> append)
    {
        try
        {
            return (await append).Status.ToString();
        }
        catch (PostgresException e)
        {
            return e.SqlState;
        }
    }
}
